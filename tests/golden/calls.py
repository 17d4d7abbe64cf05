def calls_grad(x, y):
    # 97: return 1.0 / (1.0 + np.exp(-k * t))
    _t44 = np.exp(-4.0 * x)
    _t45 = 1.0 + _t44
    _t46 = 1.0 / _t45
    # 102: return smooth_step(x) * smooth_step(y - x, k=2.0)
    t_1 = y - x
    # 97: return 1.0 / (1.0 + np.exp(-k * t))
    _t50 = np.exp(-2.0 * t_1)
    _t51 = 1.0 + _t50
    _t52 = 1.0 / _t51
    _t64 = _t46 * (_t52 / _t51) * _t50 * 2.0
    x_bar = _t52 * (_t46 / _t45) * _t44 * 4.0 - _t64
    # 102: return smooth_step(x) * smooth_step(y - x, k=2.0)
    return (_t46 * _t52, (x_bar, _t64))
