def weighted_error_grad(x, y, w):
    # 86: d = (x - y) * w
    x_n0 = x.shape[0]
    y_n0 = y.shape[0]
    if x_n0 != y_n0:
        raise Unequal('extents are not what they are taken for')
    # 87: return np.mean(d * d / (1.0 + np.abs(d)))
    s = 0.0
    _t26 = 1.0 / x_n0
    # 86: d = (x - y) * w
    x_bar = np.empty((x_n0,), np.float64)
    y_bar = np.empty((x_n0,), np.float64)
    w_bar = 0.0
    for i in range(x_n0):
        _t10 = x[i] - y[i]
        _t11 = _t10 * w
        # 87: return np.mean(d * d / (1.0 + np.abs(d)))
        _t15 = 1.0 + np.abs(_t11)
        _t16 = _t11 * _t11 / _t15
        s += _t16
        _t19 = _t26 / _t15 * _t11
        _t11_bar = _t19 - _t26 * (_t16 / _t15) * np.sign(_t11) + _t19
        # 86: d = (x - y) * w
        _t12 = _t11_bar * w
        w_bar += _t11_bar * _t10
        y_bar[i] = -_t12
        x_bar[i] = _t12
    # 87: return np.mean(d * d / (1.0 + np.abs(d)))
    return (s / x_n0, (x_bar, y_bar, w_bar))
