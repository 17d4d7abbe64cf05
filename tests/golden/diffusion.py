def diffusion_grad(u, c, steps):
    u_n0 = u.shape[0]
    u_1 = np.empty((u_n0,), np.float64)
    # 107: v = u.copy()
    v = np.empty((u_n0,), np.float64)
    for i_1 in range(u_n0):
        _t67 = u[i_1]
        u_1[i_1] = _t67
        v[i_1] = _t67
    # 109: for i in range(1, u.shape[0] - 1):
    _t48 = u_n0 - 1
    # 108: for _ in range(steps):
    _t56_saved = np.empty((max(steps, 0), max(_t48, 0)), np.float64)
    for k in range(steps):
        # 109: for i in range(1, u.shape[0] - 1):
        for i in range(1, _t48):
            # 110: v[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            _t50 = u_1[i]
            _t56 = u_1[i - 1] - 2.0 * _t50 + u_1[i + 1]
            _t56_saved[k, i] = _t56
            v[i] = _t50 + c * _t56
        # 108: for _ in range(steps):
        u_1, v = v, u_1
    # 112: return np.sum(u * u)
    s = 0.0
    u_bar_1 = np.empty((u_n0,), np.float64)
    for i_3 in range(u_n0):
        _t76 = u_1[i_3]
        s += _t76 * _t76
        u_bar_1[i_3] = _t76 + _t76
    # 108: for _ in range(steps):
    v_bar = np.zeros((u_n0,), np.float64)
    c_bar = 0.0
    for k in range(steps - 1, -1, -1):
        v_bar, u_bar_1 = u_bar_1, v_bar
        # 109: for i in range(1, u.shape[0] - 1):
        for i in range(1, _t48):
            # 110: v[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
            _t88 = v_bar[i]
            v_bar[i] = 0.0
            c_bar += _t88 * _t56_saved[k, i]
            _t86 = _t88 * c
            u_bar_1[i + 1] += _t86
            u_bar_1[i - 1] += _t86
            u_bar_1[i] += _t88 - _t86 * 2.0
    u_bar = np.empty((u_n0,), np.float64)
    for i_1 in range(u_n0):
        # 107: v = u.copy()
        _t74 = v_bar[i_1]
        v_bar[i_1] = 0.0
        u_bar[i_1] = _t74 + u_bar_1[i_1]
    # 112: return np.sum(u * u)
    return (s, (u_bar, c_bar))
