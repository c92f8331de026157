#!/usr/bin/env python3
"""A gRPC server for traffic: unary calls and streams of all kinds. Usage: grpc_server.py ADDRESS"""

import concurrent.futures
import os
import sys

import grpc

BODY = os.urandom(1 << 16)


def field(number, data):
    """A length-delimited protobuf field."""
    length, out = len(data), bytes([number << 3 | 2])
    while length >= 0x80:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    return out + bytes([length]) + data


def reply(request, number=0):
    size = 40 + (len(request) * 7 + number * 13) % 1_500
    return field(1, b"order-%d" % number) + field(2, BODY[:size])


class Orders(grpc.GenericRpcHandler):
    def service(self, call):
        name = call.method.rsplit("/", 1)[-1]
        make = {"Get": grpc.unary_unary_rpc_method_handler(self.get),
                "List": grpc.unary_stream_rpc_method_handler(self.list),
                "Upload": grpc.stream_unary_rpc_method_handler(self.upload),
                "Chat": grpc.stream_stream_rpc_method_handler(self.chat)}
        return make.get(name)

    def get(self, request, context):
        if len(request) % 37 == 0:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such order")
        return reply(request)

    def list(self, request, context):
        for number in range(20):
            yield reply(request, number)

    def upload(self, requests, context):
        return reply(b"%d" % sum(len(request) for request in requests))

    def chat(self, requests, context):
        for number, request in enumerate(requests):
            yield reply(request, number)


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers([Orders()])
server.add_insecure_port(sys.argv[1])
server.start()
try:
    server.wait_for_termination()
except KeyboardInterrupt:
    server.stop(0)
