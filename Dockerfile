# The MCP server in a container: docker run -i --rm IMAGE --url https://kubeshark.example.com
# or, for capture files:             docker run -i --rm -v "$PWD:/captures:ro" IMAGE --pcap /captures/a.pcap
#
# Build it by: docker build --build-arg KUBESHARK_VERSION="$(Scripts/version)" -t kubeshark .
FROM swift:6.3-bookworm AS build
ARG KUBESHARK_VERSION=
WORKDIR /kubeshark
COPY Scripts/setup Scripts/setup
RUN Scripts/setup
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY Fuzz Fuzz
COPY Benchmarks Benchmarks
COPY Examples Examples
COPY Scripts Scripts
RUN KUBESHARK_VERSION="$KUBESHARK_VERSION" Scripts/dist

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="kubeshark" \
      org.opencontainers.image.licenses="Apache-2.0" \
      io.modelcontextprotocol.server.name="io.github.kubeshark/mcp"
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates libpcap0.8 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 65532 kubeshark
COPY --from=build /kubeshark/dist/kubeshark /usr/local/bin/kubeshark
# By number: of a name Kubernetes cannot tell that it is not root.
USER 65532:65532
ENTRYPOINT ["kubeshark", "mcp"]
