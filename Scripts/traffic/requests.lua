-- wrk: GETs of documents of all sizes, some orders with a JSON body, some failures.
local headers = {
  ["Accept"] = "application/json",
  ["User-Agent"] = "shop-frontend/3.1",
}
local count = 0

function request()
  count = count + 1
  headers["X-Request-Id"] = string.format("req-%08d", count)
  headers["Content-Type"] = nil
  if count % 8 == 0 then
    headers["Content-Type"] = "application/json"
    local item = '{"sku":"%06d","quantity":%d,"note":"%s"}'
    local items = {}
    for number = 1, 1 + math.random(12) do
      items[number] = string.format(item, math.random(999999), math.random(9), string.rep("x", math.random(200)))
    end
    local body = '{"items":[' .. table.concat(items, ",") .. ']}'
    return wrk.format("POST", "/api/orders", headers, body)
  end
  if count % 50 == 1 then return wrk.format("GET", "/api/broken", headers) end
  local path = string.format("/api/%d?page=%d", math.random(0, 8), math.random(100))
  return wrk.format("GET", path, headers)
end
