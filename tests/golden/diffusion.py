def diffusion_grad(u, c, steps):
    u_n0 = u.shape[0]
    u_1 = np.empty((u_n0,), np.float64)
    # 107: v = u.copy()
    v = np.empty((u_n0,), np.float64)
    for i_1 in range(u_n0):
        _t17 = u[i_1]
        u_1[i_1] = _t17
        v[i_1] = _t17
    # 109: for i in range(1, u.shape[0] - 1):
    _t2 = u_n0 - 1
    # 108: for _ in range(steps):
    _t10_saved = np.empty((max(steps, 0), max(_t2, 0)), np.float64)
    for k in range(steps):
        # 109: for i in range(1, u.shape[0] - 1):
        for i in range(1, _t2):
            # 110: v[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            _t4 = u_1[i]
            _t10 = u_1[i - 1] - 2.0 * _t4 + u_1[i + 1]
            _t10_saved[k, i] = _t10
            v[i] = _t4 + c * _t10
        # 108: for _ in range(steps):
        u_1, v = v, u_1
    # 112: return np.sum(u * u)
    s = 0.0
    u_bar_1 = np.empty((u_n0,), np.float64)
    for i_3 in range(u_n0):
        _t23 = u_1[i_3]
        s += _t23 * _t23
        u_bar_1[i_3] = _t23 + _t23
    # 108: for _ in range(steps):
    v_bar = np.zeros((u_n0,), np.float64)
    c_bar = 0.0
    for k in range(steps - 1, -1, -1):
        v_bar, u_bar_1 = u_bar_1, v_bar
        # 109: for i in range(1, u.shape[0] - 1):
        for i in range(1, _t2):
            # 110: v[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            _t25 = v_bar[i]
            v_bar[i] = 0.0
            c_bar += _t25 * _t10_saved[k, i]
            _t22 = _t25 * c
            u_bar_1[i + 1] += _t22
            u_bar_1[i - 1] += _t22
            u_bar_1[i] += _t25 - _t22 * 2.0
    u_bar = np.empty((u_n0,), np.float64)
    for i_1 in range(u_n0):
        # 107: v = u.copy()
        _t19 = v_bar[i_1]
        v_bar[i_1] = 0.0
        u_bar[i_1] = _t19 + u_bar_1[i_1]
    # 112: return np.sum(u * u)
    return (s, (u_bar, c_bar))
