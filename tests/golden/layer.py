def layer_grad(x, w, b):
    # 92: h = np.maximum(x @ w + b, 0.0)
    x_n0 = x.shape[0]
    w_n1 = w.shape[1]
    b_n0 = b.shape[0]
    _t1 = np.dot(x, w)
    n = broadcast_extent(w_n1, b_n0)
    _t5 = stretch(_t1, x_n0, n)
    b_1 = stretch(b, n)
    # 93: return np.sum(h * h)
    s = 0.0
    # 92: h = np.maximum(x @ w + b, 0.0)
    b_bar = np.zeros((b_n0,), np.float64)
    b_bar_1 = stretch_bar(b_bar, n)
    _t1_bar = np.zeros((x_n0, w_n1), np.float64)
    _t5_bar = stretch_bar(_t1_bar, x_n0, n)
    for i in range(x_n0):
        for j in range(n):
            _t8 = _t5[i, j] + b_1[j]
            _t9 = np.maximum(_t8, 0.0)
            # 93: return np.sum(h * h)
            s += _t9 * _t9
            # 92: h = np.maximum(x @ w + b, 0.0)
            _t12 = 0.0 if 0.0 > _t8 else _t9 + _t9
            b_bar_1[j] += _t12
            _t5_bar[i, j] += _t12
    b_bar = unstretch(b_bar, b_bar_1)
    _t1_bar = unstretch(_t1_bar, _t5_bar)
    x_bar = np.dot(_t1_bar, np.transpose(w))
    w_bar = np.dot(np.transpose(x), _t1_bar)
    # 93: return np.sum(h * h)
    return (s, (x_bar, w_bar, b_bar))
