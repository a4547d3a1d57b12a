{
#USES_VARIABLES{_queue_capsule } #
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
auto* _queue = static_cast<CSpikeQueue*>({{_code.pointer("_queue_capsule")}});
const auto& _due = *_queue->peek();
const std::int64_t _count = _due.size();
if (_count > 0) {
    const std::int32_t* _synapses = _due.data();
    {
        {
            scalar_code | join("\n")
        }
    }
    for (std::int64_t _event = 0; _event < _count; ++_event) {
        const std::int64_t _idx = _synapses[_event], _vectorisation_idx = _idx;
        {
            {
                vector_code | join("\n")
            }
        }
    }
}
_queue->advance();
{
    % endmacro %
}
