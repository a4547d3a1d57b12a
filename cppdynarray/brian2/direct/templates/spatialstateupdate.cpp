{
#USES_VARIABLES{Cm, dt, v, N, Ic, Ri, _ab_star0, _ab_star1, _ab_star2, _b_plus, _b_minus, _v_star, _u_plus,
                    _u_minus, _v_previous, _gtot_all, _I0_all, _c, _P_diag, _P_parent, _P_children, _B, _morph_parent_i,
                    _starts, _ends, _morph_children, _morph_children_num, _morph_idxchild, _invr0, _invrn, _invr,
                    r_length_1, r_length_2, area } #
}
{
#The cable equation by the method of Hines,
        as Brian2 does it : each section is a tridiagonal system with three right sides(
            without neighbours, and for a unit voltage at either end), and the voltages at the ends,
            which couple the sections,
            are a sparse system with the structure of the tree.Every sum is in Brian2's order. #} {
        % macro _at(name, index) %
    }
    {{_code.array(variables[name])}}[{{index}}] { % endmacro % }
    {
        % macro before_run() %
    }
    // What depends on the morphology alone: the matrix without the conductances, and its right sides.
    const std::int64_t _count = {{_code.value("N")}}, _sections = {{_code.length(variables["_starts"])}};
    const double _resistivity = {{_code.value("Ri")}};
    for (std::int64_t _i = 1; _i < _count; ++_i) {
        {
            _at("_invr", "_i")
        }
    }
    = 1.0 / (_resistivity * (1 / {{_at("r_length_2", "_i - 1")}} + 1 / {{_at("r_length_1", "_i")}}));
    for (std::int64_t _section = 0; _section < _sections; ++_section) {
        {
            _at("_invr", _at("_starts", "_section"))
        }
    }
    = 0;  // sections meet in the coupling system
    for (std::int64_t _i = 0; _i < _count; ++_i) {
        {
            _at("_ab_star1", "_i")
        }
    }
    = -({{_at("Cm", "_i")}} / {{_code.value("dt")}}) - {{_at("_invr", "_i")}} / {{_at("area", "_i")}};
    for (std::int64_t _i = 1; _i < _count; ++_i) {
        {{_at("_ab_star0", "_i")}} = {{_at("_invr", "_i")}} / {{_at("area", "_i - 1")}};
        {{_at("_ab_star2", "_i - 1")}} = {{_at("_invr", "_i")}} / {{_at("area", "_i")}};
        {{_at("_ab_star1", "_i - 1")}} -= {{_at("_invr", "_i")}} / {{_at("area", "_i - 1")}};
    }
    for (std::int64_t _section = 0; _section < _sections; ++_section) {
        const std::int64_t _first = {{_at("_starts", "_section")}}, _last = {{_at("_ends", "_section")}} - 1;
        const double _at_first = {{_at("r_length_1", "_first")}} / _resistivity;
        const double _at_last = {{_at("r_length_2", "_last")}} / _resistivity;
        {{_at("_invr0", "_section")}} = _at_first;
        {{_at("_invrn", "_section")}} = _at_last;
        {{_at("_ab_star1", "_first")}} -= _at_first / {{_at("area", "_first")}};
        {{_at("_ab_star1", "_last")}} -= _at_last / {{_at("area", "_last")}};
        {{_at("_b_plus", "_last")}} = -(_at_last / {{_at("area", "_last")}});
        {{_at("_b_minus", "_first")}} = -(_at_first / {{_at("area", "_first")}});
    }
    {
        % endmacro %
    }
    {
        % macro run() %
    }
    const std::int64_t _vectorisation_idx = 1, _count = {{_code.value("N")}};
    const std::int64_t _nodes = {{_code.length(variables["_B"])}}, _sections = _nodes - 1;
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
        {{_at("_gtot_all", "_idx")}} = _gtot;
        {{_at("_I0_all", "_idx")}} = _I0;
        {{_at("_v_previous", "_idx")}} = {{_at("v", "_idx")}};
    }
    auto *_free = {{_code.array(variables["_v_star"])}}, *_plus = {{_code.array(variables["_u_plus"])}},
         *_minus = {{_code.array(variables["_u_minus"])}}, *_above = {{_code.array(variables["_c"])}};
    double* const _sides[] = {_free, _plus, _minus};
    for (std::int64_t _section = 0; _section < _sections; ++_section) {
        const std::int64_t _begin = {{_at("_starts", "_section")}}, _end = {{_at("_ends", "_section")}};
        for (std::int64_t _j = _begin; _j < _end; ++_j) {  // elimination
            _free[_j] = -({{_at("Cm", "_j")}} / {{_code.value("dt")}} * {{_at("v", "_j")}}) - {{_at("_I0_all", "_j")}};
            _plus[_j] = {{_at("_b_plus", "_j")}};
            _minus[_j] = {{_at("_b_minus", "_j")}};
            const double _diagonal = {{_at("_ab_star1", "_j")}} - {{_at("_gtot_all", "_j")}};
            if (_j < _count - 1) _above[_j] = {{_at("_ab_star0", "_j + 1")}};
            if (_j == 0) {
                _above[0] = _above[0] / _diagonal;
                for (auto* _side : _sides) _side[0] = _side[0] / _diagonal;
                continue;
            }
            const double _below = {{_at("_ab_star2", "_j - 1")}};
            const double _factor = 1.0 / (_diagonal - _below * _above[_j - 1]);
            _above[_j] = _above[_j] * _factor;
            for (auto* _side : _sides) _side[_j] = (_side[_j] - _below * _side[_j - 1]) * _factor;
        }
        for (std::int64_t _j = _end - 2; _j >= _begin; --_j)  // substitution
            for (auto* _side : _sides) _side[_j] = _side[_j] - _above[_j] * _side[_j + 1];
    }
    // The coupling system: node 0 is the root, node i + 1 the far end of section i.
    auto *_node_diagonal = {{_code.array(variables["_P_diag"])}}, *_to_parent = {{_code.array(variables["_P_parent"])}},
         *_to_child = {{_code.array(variables["_P_children"])}}, *_node_v = {{_code.array(variables["_B"])}};
    const std::int64_t _child_columns = {{_code.length(variables["_morph_children"])}} /
                                        {{_code.length(variables["_morph_children_num"])}};
    for (std::int64_t _section = 0; _section < _sections; ++_section) {
        const std::int64_t _parent = {{_at("_morph_parent_i", "_section")}};
        const std::int64_t _first = {{_at("_starts", "_section")}}, _last = {{_at("_ends", "_section")}} - 1;
        const double _at_first = {{_at("_invr0", "_section")}}, _at_last = {{_at("_invrn", "_section")}};
        if (_section == 0) {  // its near end is sealed
            _node_diagonal[0] = _minus[_first] - 1;
            _to_child[0] = _plus[_first];
            _node_v[0] = -_free[_first];
        } else {
            _node_diagonal[_parent] += (1 - _minus[_first]) * _at_first;
            _to_child[_parent * _child_columns + {{_at("_morph_idxchild", "_section")}}] = -_plus[_first] * _at_first;
            _node_v[_parent] += _free[_first] * _at_first;
        }
        _node_diagonal[_section + 1] = (1 - _plus[_last]) * _at_last;
        _to_parent[_section] = -_minus[_last] * _at_last;
        _node_v[_section + 1] = _free[_last] * _at_last;
    }
    for (std::int64_t _node = _nodes - 1; _node >= 0; --_node) {  // from the leaves to the root
        const std::int64_t _children = {{_at("_morph_children_num", "_node")}};
        for (std::int64_t _k = 0; _k < _children; ++_k) {
            const std::int64_t _child = {{_at("_morph_children", "_node * _child_columns + _k")}};
            const double _share = _to_child[_node * _child_columns + _k] / _node_diagonal[_child];
            _node_diagonal[_node] = _node_diagonal[_node] - _share * _to_parent[_child - 1];
            _node_v[_node] = _node_v[_node] - _share * _node_v[_child];
        }
    }
    _node_v[0] = _node_v[0] / _node_diagonal[0];
    for (std::int64_t _node = 1; _node < _nodes; ++_node) {  // and back
        const std::int64_t _parent = {{_at("_morph_parent_i", "_node - 1")}};
        _node_v[_node] = _node_v[_node] - _to_parent[_node - 1] * _node_v[_parent];
        _node_v[_node] = _node_v[_node] / _node_diagonal[_node];
    }
    for (std::int64_t _section = 0; _section < _sections; ++_section) {
        const double _near = _node_v[{{_at("_morph_parent_i", "_section")}}], _far = _node_v[_section + 1];
        const std::int64_t _begin = {{_at("_starts", "_section")}}, _end = {{_at("_ends", "_section")}};
        for (std::int64_t _j = _begin; _j < _end && _j < {{_code.length(variables["v"])}}; ++_j) {
            {
                _at("v", "_j")
            }
        }
        = _free[_j] + _near * _minus[_j] + _far * _plus[_j];
    }
    for (std::int64_t _i = 0; _i < _count; ++_i) {
        {
            _at("Ic", "_i")
        }
    }
    = {{_at("Cm", "_i")}} * ({{_at("v", "_i")}} - {{_at("_v_previous", "_i")}}) / {{_code.value("dt")}};
    {
        % endmacro %
    }
