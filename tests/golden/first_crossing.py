def first_crossing_grad(x, level):
    # 77: for v in x:
    at = -1
    s_saved = np.empty((64,), np.float64)
    x_n0 = x.shape[0]
    s, result, returned = 0.0, 0.0, False
    trip_count = 0
    for k in range(x_n0):
        at += 1
        trip_count += 1
        if at == s_saved.shape[0]:
            s_saved = grown(s_saved)
        v = x[k]
        # 78: s += v * v
        s += v * v
        s_saved[at] = s
        # 79: if s > level:
        if s > level:
            # 80: return s * level
            result = s * level
            # 77: for v in x:
            returned = True
            # 80: return s * level
            break
    # 77: for v in x:
    trips_made = trip_count
    # 80: return s * level
    if not returned:
        result = s
    result_bar = 0.0
    s_bar = 0.0
    if returned:
        result_bar += 1.0
    else:
        s_bar += 1.0
    # 77: for v in x:
    x_bar = np.zeros((x_n0,), np.float64)
    level_bar = 0.0
    for k in range(trips_made - 1, -1, -1):
        # 78: s += v * v
        s = s_saved[at]
        # 79: if s > level:
        s_bar_1 = 0.0
        if s > level:
            # 77: for v in x:
            s_bar_1 += s_bar
            s_bar = 0.0
            result_bar_1 = result_bar
            result_bar = 0.0
            # 80: return s * level
            s_bar_1 += result_bar_1 * level
            level_bar += result_bar_1 * s
        else:
            # 77: for v in x:
            s_bar_1 += s_bar
            s_bar = 0.0
        # 78: s += v * v
        s_bar += s_bar_1
        # 77: for v in x:
        v = x[k]
        # 78: s += v * v
        _t5 = s_bar_1 * v
        v_bar = _t5 + _t5
        # 77: for v in x:
        x_bar[k] += v_bar
        at -= 1
    # 81: return s
    return (result, (x_bar, level_bar))
