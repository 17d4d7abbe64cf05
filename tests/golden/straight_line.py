def straight_line_grad(x, y):
    # 27: a = x * np.sin(y)
    _t44 = np.sin(y)
    a = x * _t44
    # 28: b = a + x / y
    _t45 = x / y
    b = a + _t45
    # 29: return b * np.exp(-a)
    _t47 = np.exp(-a)
    _t48 = b * _t47
    # 28: b = a + x / y
    a_bar = _t47 - _t48
    # 27: a = x * np.sin(y)
    x_bar = _t47 / y + a_bar * _t44
    y_bar = a_bar * x * np.cos(y) - _t47 * (_t45 / y)
    # 29: return b * np.exp(-a)
    return (_t48, (x_bar, y_bar))
