def straight_line_grad(x, y):
    # 27: a = x * np.sin(y)
    _t1 = np.sin(y)
    a = x * _t1
    # 28: b = a + x / y
    _t2 = x / y
    b = a + _t2
    # 29: return b * np.exp(-a)
    _t4 = np.exp(-a)
    _t5 = b * _t4
    # 28: b = a + x / y
    a_bar = _t4 - _t5
    # 27: a = x * np.sin(y)
    x_bar = _t4 / y + a_bar * _t1
    y_bar = a_bar * x * np.cos(y) - _t4 * (_t2 / y)
    # 29: return b * np.exp(-a)
    return (_t5, (x_bar, y_bar))
