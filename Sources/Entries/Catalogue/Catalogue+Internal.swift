// Columns that only serve derived fields, and those that tools show without a KFL name.
extension Catalogue {
  static let internals: [Field] =
    [
      Field(.kind, nil, .int, "Raw value of the protocol kind"),
      Field(.transport, nil, .int, "Raw value of the transport"),
      Field(
        .instant, nil, .instant,
        "When the request began; when the reply began where no request was seen"),
      Field(
        .elapsed, nil, .int, "Time from request to reply; absent when either is missing", unit: "µs"
      ),
      Field(.streamNumber, nil, .int, "Number of the first packet of the connection"),
      Field(.streamIndex, nil, .int, "Place within the stream, from 0"),
      Field(.firstPacket, nil, .int, "Number of the first packet that carries it; 0 when unknown"),
      Field(.lastPacket, nil, .int, "Number of the last packet that carries it; 0 when unknown"),
      Field(.halves, nil, .int, "Which messages were seen: 1 for the request plus 2 for the reply"),
      Field(.requestBytes, nil, .int, "Bytes of the request on the wire", unit: "bytes"),
      Field(.responseBytes, nil, .int, "Bytes of the reply on the wire", unit: "bytes"),
      Field(.failed, nil, .bool, "Whether the protocol reports failure"),
      Field(.faultKind, nil, .int, "Raw value of the kind of fault; absent when it is whole"),
      Field(.faultMessage, nil, .text, "The fault in words"),
      Field(.decrypted, nil, .bool, "Whether it was read through known TLS secrets"),
      Field(.sourceNode, nil, .text, "Node the client lives on"),
      Field(.destinationNode, nil, .text, "Node the server lives on"),
      Field(.sourceProcess, nil, .text, "Program of the client"),
      Field(.destinationProcess, nil, .text, "Program of the server"),
      Field(.sourceOwner, nil, .text, "What owns the pod of the client, as kind/name"),
      Field(.destinationOwner, nil, .text, "What owns the pod of the server, as kind/name"),
      Field(.sourceLabels, nil, .pairs, "Labels of the client"),
      Field(.destinationLabels, nil, .pairs, "Labels of the server"),
      Field(.sourceAnnotations, nil, .pairs, "Annotations of the client"),
      Field(.destinationAnnotations, nil, .pairs, "Annotations of the server"),
      Field(.host, nil, .text, "Host the request is for: Host field or authority"),
      Field(.statusText, nil, .text, "Reason that goes with the status"),
      Field(.requestContentType, nil, .text, "Media type of the request body"),
      Field(.responseContentType, nil, .text, "Media type of the reply body"),
      Field(
        .requestIsCut, nil, .bool, "Whether the kept body of the request is shorter than it was"),
      Field(
        .responseIsCut, nil, .bool, "Whether the kept body of the reply is shorter than it was"),
      Field(
        .details, nil, .text,
        "JSON object with what has no field: members request and response of the raw record"),
      Field(
        .requestFacts, nil, .bytes,
        "What the details of the request are made of when somebody asks, in its protocol's form"),
      Field(
        .responseFacts, nil, .bytes,
        "What the details of the reply are made of when somebody asks, in its protocol's form"),
      Field(.streamTimes, nil, .bytes, "When the pieces of a streamed reply came"),
      Field(
        .kafkaTopicIDs, nil, .bytes,
        "Ids of topics that its own connection did not name, until others have been asked"),
      Field(
        .captureVLANIsOfProvider, nil, .bool,
        "Whether the outermost tag is a provider's (802.1ad), not that of 802.1Q itself"),
    ] + metrics

  /// The figures behind `tcp_metrics`; absent where they could not be measured.
  private static let metrics: [Field] = [
    Field(.metricRetransmissions, nil, .int, "Segments sent again"),
    Field(
      .metricFastRetransmissions, nil, .int, "Segments sent again after repeated acknowledgements"),
    Field(.metricSpuriousRetransmissions, nil, .int, "Segments sent again that had arrived"),
    Field(.metricZeroWindows, nil, .int, "Times a receiver closed its window"),
    Field(.metricZeroWindowSegments, nil, .int, "Segments that announce a closed window"),
    Field(.metricLostSegmentEvents, nil, .int, "Segments that came ahead of a gap"),
    Field(.metricWindowFull, nil, .int, "Times a sender filled the window"),
    Field(.metricWindowScale, nil, .int, "Shift of the window that the local side announced"),
    Field(.metricServerWindowScale, nil, .int, "The same of the remote side"),
    Field(.metricClientRetransmissions, nil, .int, "Segments the local side sent again"),
    Field(.metricServerRetransmissions, nil, .int, "Segments the remote side sent again"),
    Field(.metricOffload, nil, .bool, "Whether segments were longer than the other side takes"),
    Field(.metricAverageReceiveWindow, nil, .int, "Mean window announced", unit: "bytes"),
    Field(.metricOutOfOrder, nil, .int, "Segments overtaken by later ones"),
    Field(.metricDuplicateACKs, nil, .int, "Acknowledgements repeated"),
    Field(.metricMissingSegments, nil, .int, "Gaps never filled in the capture"),
    Field(.metricResets, nil, .int, "RST segments"),
    Field(.metricFINs, nil, .int, "FIN segments"),
    Field(.metricKeepAlives, nil, .int, "Probes of an idle connection"),
    Field(
      .metricCompleteness, nil, .int,
      "What was seen: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST, added up"),
    Field(.metricInitialRTT, nil, .int, "First round trip, from the handshake", unit: "µs"),
    Field(
      .metricHandshakeTime, nil, .int, "SYN to the acknowledgement that ends the handshake",
      unit: "µs"),
    Field(.metricConnectionTime, nil, .int, "SYN to the first byte of data", unit: "µs"),
    Field(
      .metricTimeToFirstByte, nil, .int,
      "SYN to the first byte from the server, with TLS to that of its data", unit: "µs"),
    Field(.metricRTTMinimum, nil, .int, "Shortest round trip", unit: "µs"),
    Field(.metricRTTMaximum, nil, .int, "Longest round trip", unit: "µs"),
    Field(.metricRTTAverage, nil, .int, "Mean round trip", unit: "µs"),
    Field(.metricRTTSamples, nil, .int, "Round trips measured"),
    Field(.metricJitter, nil, .int, "Standard deviation of the round trips", unit: "µs"),
    Field(.metricGoodput, nil, .int, "Payload that arrived, each byte once", unit: "bytes"),
    Field(.metricSynToSynAck, nil, .int, "SYN to SYN-ACK", unit: "µs"),
    Field(
      .metricSynAckToAck, nil, .int, "SYN-ACK to the acknowledgement that ends the handshake",
      unit: "µs"),
    Field(
      .connCloseReason, nil, .text, "Why the connection is over: finished, reset, idle and others"),
    Field(.connDuration, nil, .int, "First packet to the last so far", unit: "µs"),
  ]
}
