"""One function per protocol: a truth and our records in, a comparison out.

A function turns what the truth says into expected rows, our records into rows of the same shape,
and lets `settle` match them. To add a protocol, write that function and name it here.
"""

from .comparison import Comparison
from .datagrams import icmp, sctp, udp
from .dns import dns
from .grpc import grpc
from .http1 import http1
from .http2 import http2
from .kafka import kafka
from .messages import amqp, ldap, radius
from .redis import redis
from .tcp import tcp, tcp_health
from .tls import tlsx

PROTOCOLS = {"http1": http1, "http2": http2, "grpc": grpc, "redis": redis, "kafka": kafka,
             "dns": dns, "amqp": amqp, "ldap": ldap, "radius": radius, "tlsx": tlsx, "tcp": tcp,
             "tcp health": tcp_health, "udp": udp, "icmp": icmp, "sctp": sctp}
__all__ = ["PROTOCOLS", "Comparison"]
