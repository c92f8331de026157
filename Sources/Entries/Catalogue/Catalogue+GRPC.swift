// gRPC.
extension Catalogue {
  static let grpc: [Field] = [
    Field(
      .grpcMethod, "grpc_method", .text, "Method called: the last part of the path",
      example: #"grpc_method == "PlaceOrder""#, scope: "grpc"),
    Field(
      .grpcService, "grpc_service", .text, "Service called, with its package",
      example: #"grpc_service == "shop.Orders""#, scope: "grpc"),
    Field(
      .grpcStatus, "grpc_status", .int,
      "Status of the call, else what its end tells; -1 where no end was seen, and on other entries",
      example: "grpc && grpc_status != 0", absent: .int(-1), scope: "grpc"),
    Field(
      .grpcStream, "grpc_stream", .text,
      "Kind of call: unary, client, server or bidi; empty while not all messages are known",
      example: #"grpc_stream == "server""#, scope: "grpc"),
    Field(
      .grpcRequestMessages, "grpc_request_messages", .int,
      "Messages the client sent, where all are known", example: "grpc_request_messages > 1",
      scope: "grpc"),
    Field(
      .grpcResponseMessages, "grpc_response_messages", .int,
      "Messages the server sent, where all are known", example: "grpc_response_messages > 100",
      scope: "grpc"),
  ]
}
