def accumulation_grad(x):
    # 44: for i in range(x.shape[0]):
    x_n0 = x.shape[0]
    s = 0.0
    x_bar = np.empty((x_n0,), np.float64)
    for i in range(x_n0):
        # 45: s += np.tanh(x[i]) * x[i]
        _t2 = x[i]
        _t3 = np.tanh(_t2)
        s += _t3 * _t2
        x_bar[i] = _t3 + _t2 * (1.0 - _t3 * _t3)
    # 46: return s
    return (s, (x_bar,))
