def relaxation_grad(u, steps):
    u_n0 = u.shape[0]
    u_n1 = u.shape[1]
    u_1 = np.empty((u_n0, u_n1), np.float64)
    for i_1 in range(u_n0):
        for j_1 in range(u_n1):
            u_1[i_1, j_1] = u[i_1, j_1]
    # 60: for i in range(1, n - 1):
    _t3 = u_n0 - 1
    # 61: for j in range(1, m - 1):
    _t4 = u_n1 - 1
    # 59: for _ in range(steps):
    u_saved = np.empty((max(steps, 0), max(_t3, 0), max(_t4, 0)), np.float64)
    for k in range(steps):
        # 60: for i in range(1, n - 1):
        for i in range(1, _t3):
            # 62: u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1])
            _t5 = i - 1
            _t6 = i + 1
            # 61: for j in range(1, m - 1):
            for j in range(1, _t4):
                # 62: u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1])
                u_saved[k, i, j] = u_1[i, j]
                u_1[i, j] = 0.25 * (u_1[_t5, j] + u_1[_t6, j] + u_1[i, j - 1] * u_1[i, j + 1])
    # 63: return np.sum(u * u)
    s = 0.0
    u_bar_1 = np.empty((u_n0, u_n1), np.float64)
    for i_2 in range(u_n0):
        for j_2 in range(u_n1):
            _t24 = u_1[i_2, j_2]
            s += _t24 * _t24
            u_bar_1[i_2, j_2] = _t24 + _t24
    # 60: for i in range(1, n - 1):
    _t32 = _t3 - 1
    # 61: for j in range(1, m - 1):
    _t31 = _t4 - 1
    # 59: for _ in range(steps):
    for k in range(steps - 1, -1, -1):
        # 60: for i in range(1, n - 1):
        for i in range(_t32, 0, -1):
            # 62: u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1])
            _t5 = i - 1
            _t6 = i + 1
            # 61: for j in range(1, m - 1):
            for j in range(_t31, 0, -1):
                # 62: u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] * u[i, j + 1])
                u_1[i, j] = u_saved[k, i, j]
                _t26 = u_bar_1[i, j]
                u_bar_1[i, j] = 0.0
                _t23 = _t26 * 0.25
                _t9 = j - 1
                _t10 = j + 1
                u_bar_1[i, _t10] += _t23 * u_1[i, _t9]
                u_bar_1[i, _t9] += _t23 * u_1[i, _t10]
                u_bar_1[_t6, j] += _t23
                u_bar_1[_t5, j] += _t23
    u_bar = np.empty((u_n0, u_n1), np.float64)
    for i_1 in range(u_n0):
        for j_1 in range(u_n1):
            u_bar[i_1, j_1] = u_bar_1[i_1, j_1]
    # 63: return np.sum(u * u)
    return (s, (u_bar,))
