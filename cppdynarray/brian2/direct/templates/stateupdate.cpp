{
#ITERATE_ALL{_idx } #
}
{
#USES_VARIABLES{N } #
}
{
#ALLOWS_SCALAR_WRITE #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1, _count = {{_code.value("N")}};
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
}
{
    % endmacro %
}
