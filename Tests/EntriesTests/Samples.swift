import Bytes

@testable import Entries

/// An entry with little in it.
func sample(
  _ kind: ProtocolKind, request: Content? = nil, response: Content? = nil, hasRequest: Bool = true,
  hasResponse: Bool = true, client: Workload? = nil, server: Workload? = nil,
  fields: [(FieldID, FieldValue)] = []
) -> Entry {
  var values = FieldValues()
  for (id, value) in fields { values.add(id, value) }
  return Entry(
    kind: kind, transport: .tcp, timestamp: Timestamp(milliseconds: 1_700_000_000_123),
    elapsed: hasRequest && hasResponse ? 2_500 : nil,
    source: Endpoint(address: IPAddress(v4: 0x0a00_0007), port: 40_000, workload: client),
    destination: Endpoint(address: IPAddress(v4: 0x0a00_0108), port: 8_080, workload: server),
    stream: 204, index: 3, packets: 5...9, hasRequest: hasRequest, hasResponse: hasResponse,
    requestSize: 100, responseSize: 20, fields: values, request: request, response: response)
}

/// Header fields from pairs.
func headers(_ fields: (String, String)...) -> HeaderBlock {
  var block = HeaderBlock()
  for (name, value) in fields { block.append(name, value) }
  return block
}
