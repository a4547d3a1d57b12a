{
#USES_VARIABLES{N } #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1, _count = {{_code.value("N")}};
std::int64_t _events = 0;
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
    if (_cond) {
        {{_code.array(eventspace_variable)}}[_events++] = _idx;
        {
            % if _uses_refractory %
        }
        {{_code.array(variables["not_refractory"])}}[_idx] = 0;
        {{_code.array(variables["lastspike"])}}[_idx] = {{_code.value("t")}};
        {
            % endif %
        }
    }
}
{{_code.array(eventspace_variable)}}[_count] = _events;
{
    % endmacro %
}
