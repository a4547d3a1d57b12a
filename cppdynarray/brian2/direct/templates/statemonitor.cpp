{
#USES_VARIABLES{t, _clock_t, _indices, N } #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
const std::int64_t _row = {{_code.value("N")}}, _count = {{_code.length(variables["_indices"])}};
{
    {
        scalar_code | join("\n")
    }
}
{% for name, variable in _recorded_variables | dictsort %
}
if (!cppdynarray::brian2::set_rows({{_code.place(variable)}}, _row + 1)) return cppdynarray::brian2::no_memory;
auto* const _to_{{loop.index}} =
    cppdynarray::brian2::rows_of<{{_code.type(variable)}}>({{_code.place(variable)}}) + _row * _count;
{
    % endfor %
}
{
    auto* _times = {{_code.place(variables["t"])}};
    if (!cppdynarray::brian2::set_rows(_times, _row + 1)) return cppdynarray::brian2::no_memory;
    cppdynarray::brian2::rows_of<{{_code.type(variables["t"])}}>(_times)[_row] = {{_code.value("_clock_t")}};
}
const auto* _recorded = {{_code.array(variables["_indices"])}};
for (std::int64_t _i = 0; _i < _count; ++_i) {
    const std::int64_t _idx = _recorded[_i], _vectorisation_idx = _idx;
    {
        {
            vector_code | join("\n")
        }
    }
    {% for name, variable in _recorded_variables | dictsort %
    }
    _to_{{loop.index}}[_i] = _to_record_{{name}};
    {
        % endfor %
    }
}
{{_code.value("N")}} = _row + 1;
{
    % endmacro %
}
