def square_root_grad(a):
    # 69: while abs(x * x - a) > 1e-12:
    at = -1
    x_saved = np.empty((64,), np.float64)
    x = a
    trip_count = 0
    while abs(x * x - a) > 1e-12:
        at += 1
        trip_count += 1
        if at == x_saved.shape[0]:
            x_saved = grown(x_saved)
        x_saved[at] = x
        # 70: x = 0.5 * (x + a / x)
        x = 0.5 * (x + a / x)
    # 69: while abs(x * x - a) > 1e-12:
    trips_made = trip_count
    x_2 = x
    x_bar = 1.0
    a_bar = 0.0
    for trip in range(trips_made):
        # 70: x = 0.5 * (x + a / x)
        _t12 = x_bar * 0.5
        # 69: while abs(x * x - a) > 1e-12:
        x = x_saved[at]
        # 70: x = 0.5 * (x + a / x)
        a_bar += _t12 / x if _t12 else 0.0
        x_bar = _t12 - (_t12 * (a / x / x) if _t12 else 0.0)
        at -= 1
    # 69: while abs(x * x - a) > 1e-12:
    a_bar += x_bar
    # 71: return x
    return (x_2, (a_bar,))
