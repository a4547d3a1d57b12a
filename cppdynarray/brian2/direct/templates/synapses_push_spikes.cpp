{
#USES_VARIABLES{_queue_capsule } #
}
{
    % macro run() %
}
auto* _events = {{_code.array(eventspace_variable)}};
const std::int32_t _count = _events[{{_code.length(eventspace_variable)}} - 1];
if (_count > 0) static_cast<CSpikeQueue*>({{_code.pointer("_queue_capsule")}})->push(_events, _count);
{
    % endmacro %
}
