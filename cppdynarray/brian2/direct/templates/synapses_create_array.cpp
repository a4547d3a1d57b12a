{
#USES_VARIABLES{_synaptic_pre, _synaptic_post, sources, targets, N, N_incoming, N_outgoing, N_pre, N_post,
                    _source_offset, _target_offset } #
}
{
#WRITES_TO_READ_ONLY_VARIABLES{_synaptic_pre, _synaptic_post, N, N_incoming, N_outgoing } #
}
{
    % import "new_synapses.jinja" as _new %
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
const std::int64_t _before = {{_code.value("N")}};
const std::int64_t _after = _before + {{_code.length(variables["sources"])}};
{
    {
        _new.room_for_counts(_code, variables)
    }
}
if (!cppdynarray::brian2::set_rows({{_code.place(variables["_synaptic_pre"])}}, _after) ||
    !cppdynarray::brian2::set_rows({{_code.place(variables["_synaptic_post"])}}, _after))
    return cppdynarray::brian2::no_memory;
{
    auto* _pre_to = cppdynarray::brian2::rows_of<std::int32_t>({{_code.place(variables["_synaptic_pre"])}});
    auto* _post_to = cppdynarray::brian2::rows_of<std::int32_t>({{_code.place(variables["_synaptic_post"])}});
    {
        {
            scalar_code | join("\n")
        }
    }
    for (std::int64_t _idx = 0; _idx < _after - _before; ++_idx) {
        const std::int64_t _vectorisation_idx = _idx;
        {
            {
                vector_code | join("\n")
            }
        }
        _pre_to[_before + _idx] = _real_sources;
        _post_to[_before + _idx] = _real_targets;
    }
}
{
    {
        _new.count_and_resize(_code, variables, _registered_variables, multisynaptic_index)
    }
}
{
    % endmacro %
}
