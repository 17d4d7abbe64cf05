def accumulation_grad(x):
    # 44: for i in range(x.shape[0]):
    x_n0 = x.shape[0]
    s = 0.0
    x_bar = np.empty((x_n0,), np.float64)
    for i in range(x_n0):
        # 45: s += np.tanh(x[i]) * x[i]
        _t44 = x[i]
        _t45 = np.tanh(_t44)
        s += _t45 * _t44
        x_bar[i] = _t45 + _t44 * (1.0 - _t45 * _t45)
    # 46: return s
    return (s, (x_bar,))
