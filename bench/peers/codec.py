"""CPython's codecs on the table of codec.lua.  codec.py CODEC KIND [N]"""
import gc
import json
import marshal
import pickle
import statistics
import subprocess
import sys
import time

CODECS = {
    "marshal": (marshal.dumps, marshal.loads),
    "pickle": (lambda v: pickle.dumps(v, pickle.HIGHEST_PROTOCOL),
               pickle.loads),
    "json": (json.dumps, json.loads),
}


def rate(size, n, f, value):
    samples = []
    for _ in range(n + 1):
        result = None
        gc.collect()
        start = time.process_time()
        result = f(value)
        samples.append(time.process_time() - start)
    return size / statistics.median(samples[1:]) / 1e6, result


def main(codec, kind, n=20):
    text = subprocess.run(["lua5.4", "bench/codec.lua", "show_" + kind],
                          check=True, capture_output=True).stdout
    value = json.loads(text)
    dumps, loads = CODECS[codec]
    encode, data = rate(len(text), n, dumps, value)
    decode, copy = rate(len(text), n, loads, data)
    assert copy == value
    print("encode", repr(encode))
    print("decode", repr(decode))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 20)
