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
      "Status of the call, 0 when the reply carries none; -1 on every other entry",
      example: "grpc && grpc_status != 0", absent: .int(-1), scope: "grpc"),
  ]
}
