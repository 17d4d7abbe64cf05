def weighted_error_grad(x, y, w):
    # 86: d = (x - y) * w
    x_n0 = x.shape[0]
    y_n0 = y.shape[0]
    n = broadcast_extent(x_n0, y_n0)
    x_1 = stretch(x, n)
    y_1 = stretch(y, n)
    # 87: return np.mean(d * d / (1.0 + np.abs(d)))
    s = 0.0
    _t25 = 1.0 / n
    # 86: d = (x - y) * w
    y_bar = np.zeros((y_n0,), np.float64)
    y_bar_1 = stretch_bar(y_bar, n)
    x_bar = np.zeros((x_n0,), np.float64)
    x_bar_1 = stretch_bar(x_bar, n)
    w_bar = 0.0
    for i in range(n):
        _t9 = x_1[i] - y_1[i]
        _t10 = _t9 * w
        # 87: return np.mean(d * d / (1.0 + np.abs(d)))
        _t14 = 1.0 + np.abs(_t10)
        _t15 = _t10 * _t10 / _t14
        s += _t15
        _t18 = _t25 / _t14 * _t10
        _t10_bar = _t18 - _t25 * (_t15 / _t14) * np.sign(_t10) + _t18
        # 86: d = (x - y) * w
        _t11 = _t10_bar * w
        w_bar += _t10_bar * _t9
        y_bar_1[i] -= _t11
        x_bar_1[i] += _t11
    y_bar = unstretch(y_bar, y_bar_1)
    x_bar = unstretch(x_bar, x_bar_1)
    # 87: return np.mean(d * d / (1.0 + np.abs(d)))
    return (s / n, (x_bar, y_bar, w_bar))
