def layer_grad(x, w, b):
    # 92: h = np.maximum(x @ w + b, 0.0)
    x_n0 = x.shape[0]
    w_n1 = w.shape[1]
    b_n0 = b.shape[0]
    _t1 = np.dot(x, w)
    if w_n1 != b_n0:
        raise Unequal('extents are not what they are taken for')
    # 93: return np.sum(h * h)
    s = 0.0
    # 92: h = np.maximum(x @ w + b, 0.0)
    _t1_bar = np.empty((x_n0, w_n1), np.float64)
    b_bar = np.zeros((w_n1,), np.float64)
    for i in range(x_n0):
        for j in range(w_n1):
            _t8 = _t1[i, j] + b[j]
            _t9 = np.maximum(_t8, 0.0)
            # 93: return np.sum(h * h)
            s += _t9 * _t9
            # 92: h = np.maximum(x @ w + b, 0.0)
            _t12 = 0.0 if 0.0 > _t8 else _t9 + _t9
            b_bar[j] += _t12
            _t1_bar[i, j] = _t12
    x_bar = np.dot(_t1_bar, np.transpose(w))
    w_bar = np.dot(np.transpose(x), _t1_bar)
    # 93: return np.sum(h * h)
    return (s, (x_bar, w_bar, b_bar))
