import Testing

@testable import Entries

/// The contract of the filter language: every variable by its type. A row that is renamed or
/// changes type breaks filters people have saved.
private let contract: [(type: FieldType, names: String)] = [
  (
    .bool,
    """
    has_pcap error call_failed http http2 grpc gql gqlv1 gqlv2 sse mcp llm mcp_tool_error llm_stream ws dns tls tlsx tcp udp sctp icmp
    redis kafka amqp ldap radius diameter mongodb mysql postgresql conn flow tcp_conn udp_conn
    tcp_flow udp_flow syscall dns_request dns_response ws_request ws_response kafka_request
    kafka_response amqp_request amqp_response ldap_request ldap_response radius_request
    radius_response diameter_request diameter_response mongodb_success mysql_success
    postgresql_success tls_early_data mqtt mqtt_retain mqtt_request mqtt_response
    """
  ),
  (
    .int,
    """
    src.port dst.port id index elapsed_time conn_id flow_id capture_source_code
    capture_vlan capture_inner_vlan status_code
    request_headers_size request_body_size response_headers_size response_body_size grpc_status
    grpc_request_messages grpc_response_messages gql_errors gql_batch sse_events sse_first_event
    mcp_messages mcp_error_code llm_input_tokens llm_output_tokens llm_cached_tokens
    llm_first_token llm_retries
    dns_request_length dns_response_length dns_total_size dns_records tls_request_size tls_response_size
    tls_total_size tlsx_version tlsx_cipher_suite udp_length udp_checksum sctp_checksum
    sctp_length icmp_version icmp_length ws_request_payload_length ws_response_payload_length
    redis_request_size redis_response_size redis_total_size kafka_api_key kafka_size
    kafka_request_size kafka_response_size amqp_request_length amqp_response_length
    amqp_total_size ldap_request_length ldap_response_length ldap_total_size radius_code
    radius_request_length radius_response_length radius_total_size diameter_request_length
    diameter_response_length diameter_total_size mongodb_request_size mongodb_response_size
    mongodb_total_size mongodb_error_code mysql_statement_id mysql_request_size
    mysql_response_size mysql_total_size mysql_error_code postgresql_request_size
    postgresql_response_size postgresql_total_size conn_local_pkts conn_local_bytes
    conn_remote_pkts conn_remote_bytes conn_group_id flow_local_pkts flow_local_bytes
    flow_remote_pkts flow_remote_bytes flow_local_pps flow_local_bps flow_remote_pps
    flow_remote_bps flow_group_id postgresql_rows mysql_rows mongodb_documents
    icmp_about_flow sctp_stream diameter_result_code mqtt_qos mqtt_reason_code mqtt_request_length
    mqtt_response_length mqtt_total_size
    """
  ),
  (
    .text,
    """
    src.ip dst.ip protocol l4proto node_id stream worker capture_source capture_backend
    error_type src.pod.name dst.pod.name src.pod.namespace dst.pod.namespace src.service.name
    dst.service.name src.service.namespace dst.service.namespace src.name dst.name src.namespace
    dst.namespace node_name node_ip local_node_name remote_node_name local_process_name
    remote_process_name src.dns dst.dns local_resolution_status remote_resolution_status method
    url path http_version request_body response_body grpc_method grpc_service grpc_stream dns_rcode
    dns_opcode
    tls_summary tls_info tlsx_sni tlsx_alpn tlsx_summary tlsx_info tlsx_ja3 tlsx_ja3s tcp_method
    tcp_error_type tcp_error_message sctp_chunk_type icmp_type ws_opcode ws_request_payload_data
    ws_response_payload_data redis_type redis_command redis_key kafka_api_key_name
    kafka_client_id kafka_request_summary amqp_method amqp_summary ldap_type ldap_summary
    radius_code_name radius_request_authenticator diameter_method diameter_summary
    mongodb_command mongodb_database mongodb_collection mongodb_opcode mongodb_error_message
    mongodb_error_code_name mysql_command mysql_query mysql_database mysql_error_message
    postgresql_command postgresql_query postgresql_database postgresql_user
    postgresql_error_code postgresql_error_message postgresql_transaction mysql_sqlstate
    amqp_routing_key radius_user tlsx_ja4 conn_state conn_tls flow_state icmp_about
    sctp_payload_protocol
    diameter_application diameter_result diameter_session mqtt_type mqtt_topic mqtt_client_id
    mqtt_user mqtt_version mqtt_reason
    gql_operation_type gql_operation_name gql_summary sse_last_id mcp_method mcp_name
    mcp_protocol_version llm_api llm_operation llm_model llm_reply_model llm_finish_reason
    llm_error
    """
  ),
  (
    .bytes,
    """
    tcp_payload udp_payload
    """
  ),
  (
    .instant,
    """
    timestamp
    """
  ),
  (
    .texts,
    """
    gql_root_fields sse_event_types llm_tools llm_tool_calls
    namespaces pods services dns_resolutions dns_questions dns_answers dns_question_types
    tlsx_cipher_suites kafka_topics kafka_groups conn_l7_detected flow_l7_detected
    sctp_chunk_types mqtt_topics
    """
  ),
  (
    .pairs,
    """
    capture node local_labels remote_labels local_annotations remote_annotations query_string
    request.headers response.headers request.cookies response.cookies
    """
  ),
  (
    .numbers,
    """
    llm_usage
    tcp_metrics
    """
  ),
  (
    .record,
    """
    raw
    """
  ),
]

@Suite struct CatalogueTests {
  @Test func everyFieldHasExactlyOneRow() {
    #expect(Catalogue.all.count == FieldID.allCases.count)
    #expect(Set(Catalogue.all.map(\.id)).count == FieldID.allCases.count)
    for id in FieldID.allCases { #expect(Catalogue[id].id == id) }
  }

  @Test func namesAreUnique() {
    let names = Catalogue.named.compactMap(\.name)
    #expect(Set(names).count == names.count)
    for name in names { #expect(Catalogue.named(name)?.name == name) }
    #expect(Catalogue.named("no such field") == nil)
  }

  @Test func namesAndTypesAreThoseOfTheContract() {
    var expected: [String: FieldType] = [:]
    for (type, names) in contract {
      for name in names.split(whereSeparator: \.isWhitespace) { expected[String(name)] = type }
    }
    let rows = Catalogue.named.map { ($0.name ?? "", $0.type) }
    #expect(Dictionary(uniqueKeysWithValues: rows) == expected)
  }

  @Test func rowsAreFitToPrint() {
    for field in Catalogue.all {
      #expect(!field.doc.isEmpty && !field.doc.hasSuffix("."), "\(field.id)")
      #expect(field.doc.count <= 100, "\(field.id)")
      #expect(field.name == nil || field.example != nil, "\(field.id)")
    }
  }

  @Test func sourcesNameFieldsOfTheRightType() {
    for field in Catalogue.all {
      switch field.source {
      case .column: break
      case .content: #expect([.text, .pairs, .record].contains(field.type))
      case .same(let other): #expect(Catalogue[other].type == field.type)
      case .kinds(let kinds): #expect(field.type == .bool && !kinds.isEmpty)
      case .firstOf(let ids):
        #expect(field.type == .text && ids.allSatisfy { Catalogue[$0].type == .text })
      case .union(let ids):
        #expect(field.type == .texts && ids.allSatisfy { Catalogue[$0].type == .text })
      case .derived(let ids, _):
        #expect(!ids.isEmpty)
        for id in ids {
          // One step: what a field is derived from lies in columns.
          if case .column = Catalogue[id].source { continue }
          Issue.record("\(field.id) is derived from \(id), which is no column")
        }
      }
    }
  }

  @Test func derivedFieldsReadOnlyWhatTheyName() {
    for field in Catalogue.all {
      guard case .derived(let ids, let work) = field.source else { continue }
      _ = work(Watcher(allowed: ids, field: field.id, kind: nil))
      for kind in ProtocolKind.allCases {
        _ = work(Watcher(allowed: ids, field: field.id, kind: kind))
      }
    }
  }

  /// A row that complains about fields it should not be asked for.
  private struct Watcher: FieldRow {
    let allowed: [FieldID]
    let field: FieldID
    let kind: ProtocolKind?

    func value(_ id: FieldID) -> FieldValue {
      #expect(allowed.contains(id), "\(field) reads \(id)")
      if id == .kind { return kind.map { .int(Int64($0.rawValue)) } ?? .none }
      return switch Catalogue[id].type {
      case .bool: .bool(true)
      case .int: .int(3)
      case .text: .text("node-1")
      default: .none
      }
    }
  }
}
