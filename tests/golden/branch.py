def branch_grad(x, y):
    # 34: if x < y:
    _t43 = x < y
    if _t43:
        # 35: z = x * x
        z = x * x
    else:
        # 37: z = y * np.log(x)
        _t44 = np.log(x)
        z = y * _t44
    # 38: return z * y
    y_bar = z
    # 34: if x < y:
    x_bar = 0.0
    if _t43:
        # 35: z = x * x
        _t51 = y * x
        x_bar += _t51
        x_bar += _t51
    else:
        # 37: z = y * np.log(x)
        y_bar += y * _t44
        x_bar += y * y / x
    # 38: return z * y
    return (z * y, (x_bar, y_bar))
