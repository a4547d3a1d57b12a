{
#USES_VARIABLES{_synaptic_pre, _synaptic_post, rand, N, N_incoming, N_outgoing, N_pre, N_post, _source_offset,
                    _target_offset } #
}
{
#WRITES_TO_READ_ONLY_VARIABLES{_synaptic_pre, _synaptic_post, N, N_incoming, N_outgoing } #
}
{
#ITERATE_ALL{_idx } #
}
{
    % import "new_synapses.jinja" as _new %
}
{
    % macro _out_of_range() %
}
{
    % if skip_if_invalid %
}
continue;
{
    % else %
}
return _give_up(cppdynarray::brian2::say(_slots, cppdynarray::brian2::bad_index,
                                         "index {{ result_index }}=%d outside allowed range from 0 to %d",
                                         static_cast<int>(_{{result_index}}), static_cast<int>(_result_size) - 1));
{
    % endif %
}
{
    % endmacro %
}
{
    % macro run() %
}
const std::int64_t _vectorisation_idx = 1;
auto* _pre_place = {{_code.place(variables["_synaptic_pre"])}};
auto* _post_place = {{_code.place(variables["_synaptic_post"])}};
const std::int64_t _before = cppdynarray::length_of(_pre_place);
{
    {
        _new.room_for_counts(_code, variables)
    }
}
// Nothing is left behind of what couldn't be finished.
auto _give_up = [&](int _outcome) {
    cppdynarray::brian2::set_rows(_pre_place, _before);
    cppdynarray::brian2::set_rows(_post_place, _before);
    return _outcome;
};
constexpr std::int64_t _room = 1024;
std::int32_t _new_pre[_room], _new_post[_room];
std::int64_t _new_count = 0;
auto _flush = [&]() {
    const bool _kept = _pre_place->functions->append(_pre_place, _new_pre, _new_count) &&
                       _post_place->functions->append(_post_place, _new_post, _new_count);
    _new_count = 0;
    return _kept;
};
const std::int64_t _outer_size = {{_code.value(outer_index_size)}}, _result_size = {{_code.value(result_index_size)}};
{
    {
        scalar_code["setup_iterator"] | join("\n")
    }
}
{
    {
        {
            scalar_code["generator_expr"] | join("\n")
        }
    }
    {
        {
            {
                scalar_code["create_cond"] | join("\n")
            }
        }
        {
            {
                {
                    scalar_code["update"] | join("\n")
                }
            }
            for (std::int32_t _{{outer_index}} = 0; _{{outer_index}} < _outer_size; ++_{{outer_index}}) {
                const std::int32_t _raw{{outer_index_array}} = _{{outer_index}} + {{_code.value(outer_index_offset)}};
                {
                    % if not result_index_condition %
                }
                {
                    {
                        {
                            vector_code["create_cond"] | join("\n")
                        }
                    }
                    if (!_cond) continue;
                }
                { % endif % } std::int64_t _low, _high, _step;
                {
                    % if iterator_func == "sample" %
                }
                {
                    % if iterator_kwds["sample_size"] == "fixed" %
                }
                std::int64_t _size;
                {
                    % else %
                }
                double _probability;
                {
                    % endif %
                }
                {
                    % endif %
                }
                {
                    {
                        {
                            vector_code["setup_iterator"] | join("\n")
                        }
                    }
                    _low = _iter_low;
                    _high = _iter_high;
                    _step = _iter_step;
                    {
                        % if iterator_func == "sample" %
                    }
                    {
                        % if iterator_kwds["sample_size"] == "fixed" %
                    }
                    _size = _iter_size;
                    { % else % } _probability = _iter_p;
                    {
                        % endif %
                    }
                    {
                        % endif %
                    }
                }
                if (_step == 0)
                    return _give_up(
                        cppdynarray::brian2::say(_slots, cppdynarray::brian2::bad_index, "the step must not be zero"));
                {
                    % if iterator_func == "range" %
                }
                for (std::int64_t _at = _low; _step > 0 ? _at < _high : _at > _high; _at += _step) {
                    {
                        % elif iterator_kwds["sample_size"] == "fixed" %
                    }
#include <set>
                    // Of a large share, each candidate in turn is drawn or not; of a small one, its members are drawn
                    // and sorted.
                    const std::int64_t _total =
                        _step > 0 ? (_high - _low - 1) / _step + 1 : (_low - _high - 1) / -_step + 1;
                    const bool _in_turn = 1.0 * _size / _total > 0.06;
                    if (_size > _total) {
                        {
                            % if skip_if_invalid %
                        }
                        _size = _total;
                        {
                            % else %
                        }
                        return _give_up(
                            cppdynarray::brian2::say(_slots, cppdynarray::brian2::bad_index,
                                                     "Requested sample size %d is bigger than the population size %d.",
                                                     static_cast<int>(_size), static_cast<int>(_total)));
                        {
                            % endif %
                        }
                    } else if (_size < 0) {
                        {
                            % if skip_if_invalid %
                        }
                        continue;
                        {
                            % else %
                        }
                        return _give_up(cppdynarray::brian2::say(_slots, cppdynarray::brian2::bad_index,
                                                                 "Requested sample size %d is negative.",
                                                                 static_cast<int>(_size)));
                        {
                            % endif %
                        }
                    }
                    std::set<int> _drawn;
                    if (!_in_turn)
                        while (static_cast<std::int64_t>(_drawn.size()) < _size)
                            _drawn.insert(static_cast<int>(_rand(_vectorisation_idx) * _total));
                    auto _member = _drawn.begin();
                    std::int64_t _at = _low - _step, _seen_so_far = 0;
                    for (std::int64_t _chosen = 0; _chosen < _size;) {
                        if (_in_turn) {
                            _at += _step;
                            ++_seen_so_far;
                            if ((_total - _seen_so_far) * _rand(_vectorisation_idx) >= _size - _chosen) continue;
                        } else {
                            _at = _low + *_member++ * _step;
                        }
                        ++_chosen;
                        {
                            % else %
                        }
                        if (_probability == 0) continue;
                        // Of a small share, the gaps between what is chosen are drawn.
                        const bool _by_gaps = _probability < 0.25;
                        const double _per_log = _by_gaps ? 1.0 / log(1 - _probability) : 1.0;
                        for (std::int64_t _at = _low; _step > 0 ? _at < _high : _at > _high; _at += _step) {
                            if (_by_gaps) {
                                const double _gap = log(_rand(_vectorisation_idx)) * _per_log;
                                if (!(_gap < INT32_MAX)) break;  // log(0)
                                _at += static_cast<int>(_gap) * _step;
                                if (_step > 0 ? _at >= _high : _at <= _high) break;
                            } else if (_rand(_vectorisation_idx) >= _probability) {
                                continue;
                            }
                            {
                                % endif %
                            }
                            const std::int32_t{{inner_variable}} = _at;
                            {
                                {
                                    vector_code["generator_expr"] | join("\n")
                                }
                            }
                            const std::int32_t _raw{{result_index_array}} =
                                _{{result_index}} + {{_code.value(result_index_offset)}};
                            {
                                % if result_index_condition %
                            }
                            {
                                % if result_index_used %
                            }
                            if (_{{result_index}} < 0 || _{{result_index}} >= _result_size) {
                                {
                                    {
                                        _out_of_range()
                                    }
                                }
                            }
                            {
                                % endif %
                            }
                            {
                                {
                                    {
                                        vector_code["create_cond"] | join("\n")
                                    }
                                }
                                {
                                    % if if_expression != "True" %
                                }
                                if (!_cond) continue;
                                {
                                    % endif %
                                }
                            }
                            {
                                % endif %
                            }
                            {
                                % if not result_index_used %
                            }
                            if (_{{result_index}} < 0 || _{{result_index}} >= _result_size) {
                                {
                                    {
                                        _out_of_range()
                                    }
                                }
                            }
                            {
                                % endif %
                            }
                            {
                                {
                                    {
                                        vector_code["update"] | join("\n")
                                    }
                                }
                                for (std::int64_t _repetition = 0; _repetition < _n; ++_repetition) {
                                    _new_pre[_new_count] = _raw_pre_idx;
                                    _new_post[_new_count] = _raw_post_idx;
                                    if (++_new_count == _room && !_flush())
                                        return _give_up(cppdynarray::brian2::no_memory);
                                }
                            }
                        }
                    }
                }
            }
        }
        if (!_flush()) return _give_up(cppdynarray::brian2::no_memory);
        const std::int64_t _after = cppdynarray::length_of(_pre_place);
        {
            {
                _new.count_and_resize(_code, variables, _registered_variables, multisynaptic_index)
            }
        }
        {
            % endmacro %
        }
