{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
const std::int32_t* _events = {{_code.array(eventspace_variable)}};
const std::int64_t _count = _events[{{_code.length(eventspace_variable)}} - 1];
{
    {
        scalar_code | join("\n")
    }
}
for (std::int64_t _event = 0; _event < _count; ++_event) {
    const std::int64_t _idx = _events[_event], _vectorisation_idx = _idx;
    {
        {
            vector_code | join("\n")
        }
    }
}
{
    % endmacro %
}
