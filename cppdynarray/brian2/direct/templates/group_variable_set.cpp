{
#USES_VARIABLES{_group_idx } #
}
{
#ALLOWS_SCALAR_WRITE #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
const auto* _chosen = {{_code.array(variables["_group_idx"])}};
const std::int64_t _count = {{_code.length(variables["_group_idx"])}};
{
    {
        scalar_code | join("\n")
    }
}
for (std::int64_t _i_chosen = 0; _i_chosen < _count; ++_i_chosen) {
    const std::int64_t _idx = _chosen[_i_chosen], _vectorisation_idx = _idx, _target_idx = _idx;
    {
        {
            vector_code | join("\n")
        }
    }
}
{
    % endmacro %
}
