def recurrence_grad(x, r, n):
    # 51: for _ in range(n):
    x_saved = np.empty((max(n, 0),), np.float64)
    for k in range(n):
        x_saved[k] = x
        # 52: x = r * x * (1.0 - x)
        x = r * x * (1.0 - x)
    # 51: for _ in range(n):
    x_3 = x
    x_bar = 1.0
    r_bar = 0.0
    for k in range(n - 1, -1, -1):
        x = x_saved[k]
        # 52: x = r * x * (1.0 - x)
        _t5 = x_bar * (1.0 - x)
        r_bar += _t5 * x
        x_bar = _t5 * r - x_bar * (r * x)
    # 53: return x
    return (x_3, (x_bar, r_bar))
