def triangular_solve_grad(a, b):
    # 120: for j in range(i):
    at = -1
    _t48_saved = np.empty((64,), np.float64)
    # 117: n = b.shape[0]
    n = b.shape[0]
    # 118: x = b.copy()
    x = np.empty((n,), np.float64)
    for i_1 in range(n):
        x[i_1] = b[i_1]
    # 119: for i in range(n):
    _t53_saved = np.empty((n,), np.float64)
    for i in range(n):
        # 120: for j in range(i):
        for j in range(i):
            at += 1
            if at == _t48_saved.shape[0]:
                _t48_saved = grown(_t48_saved)
            # 121: x[i] -= a[i, j] * x[j]
            _t48 = x[j]
            _t48_saved[at] = _t48
            x[i] -= a[i, j] * _t48
        # 122: x[i] /= a[i, i]
        _t53 = x[i] / a[i, i]
        _t53_saved[i] = _t53
        x[i] = _t53
    # 123: return np.sum(x * x)
    s = 0.0
    x_bar = np.empty((n,), np.float64)
    for i_2 in range(n):
        _t65 = x[i_2]
        s += _t65 * _t65
        x_bar[i_2] = _t65 + _t65
    # 119: for i in range(n):
    a_bar = np.zeros((a.shape[0], a.shape[1]), np.float64)
    for i in range(n - 1, -1, -1):
        # 122: x[i] /= a[i, i]
        _t78 = x_bar[i]
        x_bar[i] = 0.0
        _t52 = a[i, i]
        a_bar[i, i] -= _t78 * (_t53_saved[i] / _t52)
        x_bar[i] += _t78 / _t52
        # 120: for j in range(i):
        for j in range(i - 1, -1, -1):
            # 121: x[i] -= a[i, j] * x[j]
            _t49_bar = -x_bar[i]
            x_bar[j] += _t49_bar * a[i, j]
            a_bar[i, j] += _t49_bar * _t48_saved[at]
            at -= 1
    # 118: x = b.copy()
    b_bar = np.empty((n,), np.float64)
    for i_1 in range(n):
        b_bar[i_1] = x_bar[i_1]
    # 123: return np.sum(x * x)
    return (s, (a_bar, b_bar))
