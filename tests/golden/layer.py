def layer_grad(x, w, b):
    # 92: h = np.maximum(x @ w + b, 0.0)
    x_n0 = x.shape[0]
    w_n1 = w.shape[1]
    b_n0 = b.shape[0]
    _t44 = np.dot(x, w)
    n = broadcast_extent(w_n1, b_n0)
    _t54 = stretch(_t44, x_n0, n)
    b_1 = stretch(b, n)
    # 93: return np.sum(h * h)
    s = 0.0
    # 92: h = np.maximum(x @ w + b, 0.0)
    b_bar = np.zeros((b_n0,), np.float64)
    b_bar_1 = stretch_bar(b_bar, n)
    _t44_bar = np.zeros((x_n0, w_n1), np.float64)
    _t54_bar = stretch_bar(_t44_bar, x_n0, n)
    for i in range(x_n0):
        for j in range(n):
            _t60 = _t54[i, j] + b_1[j]
            _t61 = np.maximum(_t60, 0.0)
            # 93: return np.sum(h * h)
            s += _t61 * _t61
            # 92: h = np.maximum(x @ w + b, 0.0)
            _t71 = 0.0 if 0.0 > _t60 else _t61 + _t61
            b_bar_1[j] += _t71
            _t54_bar[i, j] += _t71
    b_bar = unstretch(b_bar, b_bar_1)
    _t44_bar = unstretch(_t44_bar, _t54_bar)
    x_bar = np.dot(_t44_bar, np.transpose(w))
    w_bar = np.dot(np.transpose(x), _t44_bar)
    # 93: return np.sum(h * h)
    return (s, (x_bar, w_bar, b_bar))
