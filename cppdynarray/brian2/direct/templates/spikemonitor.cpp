{
#USES_VARIABLES{N, _clock_t, count, _source_start, _source_stop } #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
const std::int32_t* _events = {{_code.array(eventspace_variable)}};
const std::int64_t _all = _events[{{_code.length(eventspace_variable)}} - 1];
if (_all == 0) return 0;
// Events are sorted: those of a subgroup are side by side.
std::int64_t _first = 0, _count = 0;
while (_first < _all && _events[_first] < {{_code.value("_source_start")}}) ++_first;
while (_first + _count < _all && _events[_first + _count] < {{_code.value("_source_stop")}}) ++_count;
if (_count == 0) return 0;
const std::int64_t _row = {{_code.value("N")}};
{
    {
        scalar_code | join("\n")
    }
}
{% for name, variable in record_variables | dictsort %
}
if (!cppdynarray::brian2::set_rows({{_code.place(variable)}}, _row + _count)) return cppdynarray::brian2::no_memory;
auto* const _to_{{loop.index}} =
    cppdynarray::brian2::rows_of<{{_code.type(variable)}}>({{_code.place(variable)}}) + _row;
{
    % endfor %
}
for (std::int64_t _event = 0; _event < _count; ++_event) {
    const std::int64_t _idx = _events[_first + _event], _vectorisation_idx = _idx;
    {
        {
            vector_code | join("\n")
        }
    }
    {% for name, variable in record_variables | dictsort %
    }
    _to_{{loop.index}}[_event] = _to_record_{{name}};
    {
        % endfor %
    }
    {{_code.array(variables["count"])}}[_idx - {{_code.value("_source_start")}}] += 1;
}
{{_code.value("N")}} = _row + _count;
{
    % endmacro %
}
