{
#USES_VARIABLES{N } #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1, _count = {{_code.value("N")}};
auto* _target = {{_code.array(_target_var)}};
{
    const std::int64_t _size = {{_code.value(_target_size_name)}};
    for (std::int64_t _i = 0; _i < _size; ++_i) _target[_i + {{_target_start}}] = 0;
}
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
    _target[{{_code.array(_index_var)}}[_idx]] += _synaptic_var;
}
{
    % endmacro %
}
