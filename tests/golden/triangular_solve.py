def triangular_solve_grad(a, b):
    # 120: for j in range(i):
    at = -1
    _t3_saved = np.empty((64,), np.float64)
    # 117: n = b.shape[0]
    n = b.shape[0]
    # 118: x = b.copy()
    x = np.empty((n,), np.float64)
    for i_1 in range(n):
        x[i_1] = b[i_1]
    # 119: for i in range(n):
    _t8_saved = np.empty((n,), np.float64)
    for i in range(n):
        # 120: for j in range(i):
        for j in range(i):
            at += 1
            if at == _t3_saved.shape[0]:
                _t3_saved = grown(_t3_saved)
            # 121: x[i] -= a[i, j] * x[j]
            _t3 = x[j]
            _t3_saved[at] = _t3
            x[i] -= a[i, j] * _t3
        # 122: x[i] /= a[i, i]
        _t8 = x[i] / a[i, i]
        _t8_saved[i] = _t8
        x[i] = _t8
    # 123: return np.sum(x * x)
    s = 0.0
    x_bar = np.empty((n,), np.float64)
    for i_2 in range(n):
        _t17 = x[i_2]
        s += _t17 * _t17
        x_bar[i_2] = _t17 + _t17
    # 119: for i in range(n):
    a_bar = np.zeros((a.shape[0], a.shape[1]), np.float64)
    for i in range(n - 1, -1, -1):
        # 122: x[i] /= a[i, i]
        _t24 = x_bar[i]
        x_bar[i] = 0.0
        _t7 = a[i, i]
        a_bar[i, i] -= _t24 * (_t8_saved[i] / _t7) if _t24 else 0.0
        x_bar[i] += _t24 / _t7 if _t24 else 0.0
        # 120: for j in range(i):
        for j in range(i - 1, -1, -1):
            # 121: x[i] -= a[i, j] * x[j]
            _t4_bar = -x_bar[i]
            x_bar[j] += _t4_bar * a[i, j]
            a_bar[i, j] += _t4_bar * _t3_saved[at]
            at -= 1
    # 118: x = b.copy()
    b_bar = np.empty((n,), np.float64)
    for i_1 in range(n):
        b_bar[i_1] = x_bar[i_1]
    # 123: return np.sum(x * x)
    return (s, (a_bar, b_bar))
