{
#USES_VARIABLES{N } #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1, _count = {{_code.value("N")}};
auto* _elements = {{_code.output(variables["_variable"].dtype)}};
std::int64_t _found = 0;
{
    {
        scalar_code | join("\n")
    }
}
for (std::int64_t _idx = 0; _idx < _count; ++_idx) {
    const std::int64_t _vectorisation_idx = _idx;
    {
        {
            vector_code | join("\n")
        }
    }
    if (_cond) _elements[_found++] = _variable;
}
{{_code.output_length()}} = _found;
{
    % endmacro %
}
