def calls_grad(x, y):
    # 97: return 1.0 / (1.0 + np.exp(-k * t))
    _t2 = np.exp(-4.0 * x)
    _t3 = 1.0 + _t2
    _t4 = 1.0 / _t3
    # 102: return smooth_step(x) * smooth_step(y - x, k=2.0)
    t_1 = y - x
    # 97: return 1.0 / (1.0 + np.exp(-k * t))
    _t7 = np.exp(-2.0 * t_1)
    _t8 = 1.0 + _t7
    _t9 = 1.0 / _t8
    _t15 = _t4 * (_t9 / _t8) * _t7 * 2.0
    x_bar = _t9 * (_t4 / _t3) * _t2 * 4.0 - _t15
    # 102: return smooth_step(x) * smooth_step(y - x, k=2.0)
    return (_t4 * _t9, (x_bar, _t15))
