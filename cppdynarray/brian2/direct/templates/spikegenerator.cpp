{
#USES_VARIABLES{_spikespace, neuron_index, _timebins, _period_bins, _lastindex, t_in_timesteps, N } #
}
{
    % macro run() %
}
const auto* _bins = {{_code.array(variables["_timebins"])}};
const std::int64_t _all = {{_code.length(variables["_timebins"])}};
const std::int32_t _period = {{_code.value("_period_bins")}};
std::int32_t _now = {{_code.value("t_in_timesteps")}};
std::int64_t _next = {{_code.value("_lastindex")}};
if (_period > 0) {
    _now %= _period;
    if (_next > 0 && _bins[_next - 1] >= _now) _next = 0;  // the next period has begun
}
std::int64_t _count = 0;
for (; _next < _all && _bins[_next] <= _now; ++_next) {
    {
        _code.array(variables["_spikespace"])
    }
}
[_count++] = {{_code.array(variables["neuron_index"])}}[_next];
{{_code.array(variables["_spikespace"])}}[{{_code.value("N")}}] = _count;
{{_code.value("_lastindex")}} = _next;
{
    % endmacro %
}
