def branch_grad(x, y):
    # 34: if x < y:
    _t1 = x < y
    if _t1:
        # 35: z = x * x
        z = x * x
    else:
        # 37: z = y * np.log(x)
        _t2 = np.log(x)
        z = y * _t2
    # 38: return z * y
    y_bar = z
    # 34: if x < y:
    x_bar = 0.0
    if _t1:
        # 35: z = x * x
        _t4 = y * x
        x_bar += _t4
        x_bar += _t4
    else:
        # 37: z = y * np.log(x)
        y_bar += y * _t2
        x_bar += y * y / x
    # 38: return z * y
    return (z * y, (x_bar, y_bar))
