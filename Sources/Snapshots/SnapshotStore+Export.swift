import Bytes
import Crypto
package import PacketFilters
package import Packets
package import Ring
import Synchronization

extension SnapshotStore {
  /// Exports whose length and digest are remembered.
  private static let maxMeasured = 64

  /// The packets that a request names, merged by time.
  ///
  /// - Throws: what is wrong with its filter or its files.
  package func window(
    _ files: [RawFile], _ request: ExportRequest, _ snapshot: Snapshot
  ) throws(SnapshotError) -> CaptureMerger {
    let nodes = Set(request.nodes)
    let chosen = nodes.isEmpty ? files : files.filter { nodes.contains($0.node) }
    return WindowReader.merged(
      chosen, window: request.window,
      filter: try filter([snapshot.filter, request.filter], for: snapshot.linkTypes))
  }

  /// All packets of a snapshot, merged by time.
  package func packets(of snapshot: Snapshot) throws(SnapshotError) -> CaptureMerger {
    try window(try files(of: snapshot), ExportRequest(snapshot, format: .pcapng), snapshot)
  }

  /// The filters as one; nil when there are none.
  package func filter(
    _ texts: [String?], for linkTypes: Set<LinkType>
  ) throws(SnapshotError) -> PacketFilter? {
    let texts = texts.compactMap { $0 }.filter { !$0.allSatisfy { $0 == " " } }
    guard let first = texts.first else { return nil }
    do throws(PacketFilterError) {
      // Each by itself first: put together, "a) or (b" would pass.
      for text in texts { _ = try PacketFilter(text, for: linkTypes) }
      let joined = texts.count == 1 ? first : texts.map { "(\($0))" }.joined(separator: " and ")
      return try PacketFilter(joined, for: linkTypes)
    } catch {
      throw SnapshotError(
        .badFilter,
        "libpcap does not take the filter \(error.filter.prefix(200)): \(error.message)",
        hint: """
          Filters are written as for tcpdump (pcap-filter(7)): host 10.0.0.1, net 10.0.0.0/8, \
          tcp port 80, udp portrange 5000-6000, joined by and, or, not.
          """, argument: "bpf_filter", position: error.offset)
    }
  }

  /// The export's length, digest and counts; made once and then remembered.
  ///
  /// - Parameter report: gets how many bytes were made so far; false ends it.
  package func measure(
    _ request: ExportRequest, notes: PacketNotes? = nil, report: (UInt64) -> Bool = { _ in true }
  ) throws(SnapshotError) -> MeasuredExport? {
    if let known = measured.withLock({ $0.first { $0.request == request } }) { return known }
    var stream = try stream(request, notes: notes)
    var result = MeasuredExport(request)
    var hash = SHA256()
    do throws(CaptureError) {
      while let piece = try stream.nextPiece() {
        hash.update(data: piece)
        result.bytes += UInt64(piece.count)
        guard report(result.bytes) else { return nil }
      }
    } catch { throw SnapshotError(error) }
    result.digest = Array(hash.finalize())
    result.packets = stream.packets
    if let first = stream.first, let last = stream.last { result.times = first...max(first, last) }
    let snapshot = try find(request.snapshot)
    let nodes = Set(request.nodes)
    result.nodes = Set(
      snapshot.files.filter {
        (nodes.isEmpty || nodes.contains($0.node))
          && $0.times.lowerBound < request.window.upperBound
          && request.window.lowerBound <= $0.times.upperBound
      }.map(\.node)
    ).sorted()
    let complete = result
    measured.withLock { all in
      if all.count >= Self.maxMeasured { all.removeFirst() }
      all.append(complete)
    }
    return result
  }

  /// The export's bytes, from its beginning.
  ///
  /// - Parameter notes: of the dissection that the request names.
  package func stream(
    _ request: ExportRequest, notes: PacketNotes? = nil
  ) throws(SnapshotError) -> ExportStream {
    let snapshot = try find(request.snapshot)
    let files = try files(of: snapshot)
    let unknown = request.nodes.filter { !snapshot.nodesSeen.contains($0) }
    guard unknown.isEmpty else {
      throw SnapshotError(
        .invalid, "The snapshot has no packets of the node \(unknown[0]).",
        hint: "Its nodes are \(snapshot.nodesSeen.joined(separator: ", ")).", argument: "nodes")
    }
    let links = snapshot.linkTypes
    guard request.format == .pcapng || links.count <= 1 else {
      throw SnapshotError(
        .mixedLinks,
        "The snapshot has packets of \(links.count) link types, and a pcap file can hold one.",
        hint: "Ask for format=pcapng.", argument: "format")
    }
    let extras = request.format == .pcapng ? extras(of: snapshot) : CaptureExtras()
    guard let notes else {
      return ExportStream(
        try window(files, request, snapshot), format: request.format,
        linkType: links.first ?? .ethernet, extras: extras)
    }
    // Packets are noted by their numbers among all.
    return ExportStream(
      try packets(of: snapshot), format: request.format, linkType: links.first ?? .ethernet,
      extras: extras, notes: notes,
      choice: .init(window: request.window, filter: try filter([request.filter], for: links)))
  }
}

extension SnapshotError {
  package init(_ error: CaptureError) {
    self.init(.inputOutput, "\(error)", hint: "Delete the snapshot and create another.")
  }
}
