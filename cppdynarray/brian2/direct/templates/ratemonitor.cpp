{
#USES_VARIABLES{N, t, rate, _clock_t, _clock_dt, _spikespace, _num_source_neurons, _source_start, _source_stop } #
}
{
    % macro run() %
}
const std::int32_t* _events = {{_code.array(variables["_spikespace"])}};
const std::int64_t _all = _events[{{_code.length(variables["_spikespace"])}} - 1];
// Events are sorted: those of a subgroup are side by side.
std::int64_t _first = 0, _count = 0;
while (_first < _all && _events[_first] < {{_code.value("_source_start")}}) ++_first;
while (_first + _count < _all && _events[_first + _count] < {{_code.value("_source_stop")}}) ++_count;
auto *_times = {{_code.place(variables["t"])}}, *_rates = {{_code.place(variables["rate"])}};
const std::size_t _row = cppdynarray::length_of(_times);
if (!cppdynarray::brian2::set_rows(_rates, _row + 1) || !cppdynarray::brian2::set_rows(_times, _row + 1))
    return cppdynarray::brian2::no_memory;
cppdynarray::brian2::rows_of<{{_code.type(variables["rate"])}}>(_rates)[_row] = static_cast<double>(_count) /
                                                                                {{_code.value("_clock_dt")}} /
                                                                                {{_code.value("_num_source_neurons")}};
cppdynarray::brian2::rows_of<{{_code.type(variables["t"])}}>(_times)[_row] = {{_code.value("_clock_t")}};
{{_code.value("N")}} = _row + 1;
{
    % endmacro %
}
