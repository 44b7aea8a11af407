-- DLMS/COSEM (IEC 62056) for Wireshark and tshark: wrapper over TCP and UDP (port 4059), HDLC (user link types, TCP), APDUs.
--
-- It shows what travels in clear: frames, tags, security headers, counters, system titles, ACSE fields, requests and their results,
-- COSEM data. It deciphers nothing: for that there is `dlmskit decode`.
--
--   tshark -X lua_script:dlmskit.lua -r capture.pcap -Y dlmskit

-- tables: made by scripts/wireshark_tables.py
local APDUS = {
  [0x01] = "initiateRequest",
  [0x05] = "readRequest",
  [0x06] = "writeRequest",
  [0x08] = "initiateResponse",
  [0x0C] = "readResponse",
  [0x0D] = "writeResponse",
  [0x0E] = "confirmedServiceError",
  [0x0F] = "data-notification",
  [0x10] = "data-notification-confirm",
  [0x16] = "unconfirmedWriteRequest",
  [0x18] = "informationReportRequest",
  [0x21] = "glo-initiateRequest",
  [0x25] = "glo-readRequest",
  [0x26] = "glo-writeRequest",
  [0x28] = "glo-initiateResponse",
  [0x2C] = "glo-readResponse",
  [0x2D] = "glo-writeResponse",
  [0x2E] = "glo-confirmedServiceError",
  [0x36] = "glo-unconfirmedWriteRequest",
  [0x38] = "glo-informationReportRequest",
  [0x41] = "ded-initiateRequest",
  [0x45] = "ded-readRequest",
  [0x46] = "ded-writeRequest",
  [0x48] = "ded-initiateResponse",
  [0x4C] = "ded-readResponse",
  [0x4D] = "ded-writeResponse",
  [0x4E] = "ded-confirmedServiceError",
  [0x56] = "ded-unconfirmedWriteRequest",
  [0x58] = "ded-informationReportRequest",
  [0x60] = "aarq",
  [0x61] = "aare",
  [0x62] = "rlrq",
  [0x63] = "rlre",
  [0xC0] = "get-request",
  [0xC1] = "set-request",
  [0xC2] = "event-notification-request",
  [0xC3] = "action-request",
  [0xC4] = "get-response",
  [0xC5] = "set-response",
  [0xC7] = "action-response",
  [0xC8] = "glo-get-request",
  [0xC9] = "glo-set-request",
  [0xCA] = "glo-event-notification-request",
  [0xCB] = "glo-action-request",
  [0xCC] = "glo-get-response",
  [0xCD] = "glo-set-response",
  [0xCF] = "glo-action-response",
  [0xD0] = "ded-get-request",
  [0xD1] = "ded-set-request",
  [0xD2] = "ded-event-notification-request",
  [0xD3] = "ded-action-request",
  [0xD4] = "ded-get-response",
  [0xD5] = "ded-set-response",
  [0xD7] = "ded-action-response",
  [0xD8] = "exception-response",
  [0xD9] = "access-request",
  [0xDA] = "access-response",
  [0xDB] = "general-glo-ciphering",
  [0xDC] = "general-ded-ciphering",
  [0xDD] = "general-ciphering",
  [0xDF] = "general-signing",
  [0xE0] = "general-block-transfer",
  [0xE6] = "gateway-request",
  [0xE7] = "gateway-response",
}
local CHOICES = {
  [0xC0] = { [1] = "get-request-normal", [2] = "get-request-next", [3] = "get-request-with-list" },
  [0xC1] = { [1] = "set-request-normal", [2] = "set-request-with-first-datablock", [3] = "set-request-with-datablock", [4] = "set-request-with-list", [5] = "set-request-with-list-and-first-datablock" },
  [0xC3] = { [1] = "action-request-normal", [2] = "action-request-next-pblock", [3] = "action-request-with-list", [4] = "action-request-with-first-pblock", [5] = "action-request-with-list-and-first-pblock", [6] = "action-request-with-pblock" },
  [0xC4] = { [1] = "get-response-normal", [2] = "get-response-with-datablock", [3] = "get-response-with-list" },
  [0xC5] = { [1] = "set-response-normal", [2] = "set-response-datablock", [3] = "set-response-last-datablock", [4] = "set-response-last-datablock-with-list", [5] = "set-response-with-list" },
  [0xC7] = { [1] = "action-response-normal", [2] = "action-response-with-pblock", [3] = "action-response-with-list", [4] = "action-response-next-pblock" },
}
local CIPHERED = {
  [0x21] = "glo-initiateRequest",
  [0x25] = "glo-readRequest",
  [0x26] = "glo-writeRequest",
  [0x28] = "glo-initiateResponse",
  [0x2C] = "glo-readResponse",
  [0x2D] = "glo-writeResponse",
  [0x2E] = "glo-confirmedServiceError",
  [0x36] = "glo-unconfirmedWriteRequest",
  [0x38] = "glo-informationReportRequest",
  [0x41] = "ded-initiateRequest",
  [0x45] = "ded-readRequest",
  [0x46] = "ded-writeRequest",
  [0x48] = "ded-initiateResponse",
  [0x4C] = "ded-readResponse",
  [0x4D] = "ded-writeResponse",
  [0x4E] = "ded-confirmedServiceError",
  [0x56] = "ded-unconfirmedWriteRequest",
  [0x58] = "ded-informationReportRequest",
  [0xC8] = "glo-get-request",
  [0xC9] = "glo-set-request",
  [0xCA] = "glo-event-notification-request",
  [0xCB] = "glo-action-request",
  [0xCC] = "glo-get-response",
  [0xCD] = "glo-set-response",
  [0xCF] = "glo-action-response",
  [0xD0] = "ded-get-request",
  [0xD1] = "ded-set-request",
  [0xD2] = "ded-event-notification-request",
  [0xD3] = "ded-action-request",
  [0xD4] = "ded-get-response",
  [0xD5] = "ded-set-response",
  [0xD7] = "ded-action-response",
}
local DATA_TYPES = {
  [0x00] = "null-data",
  [0x01] = "array",
  [0x02] = "structure",
  [0x03] = "boolean",
  [0x04] = "bit-string",
  [0x05] = "double-long",
  [0x06] = "double-long-unsigned",
  [0x09] = "octet-string",
  [0x0A] = "visible-string",
  [0x0C] = "utf8-string",
  [0x0D] = "bcd",
  [0x0F] = "integer",
  [0x10] = "long",
  [0x11] = "unsigned",
  [0x12] = "long-unsigned",
  [0x13] = "compact-array",
  [0x14] = "long64",
  [0x15] = "long64-unsigned",
  [0x16] = "enum",
  [0x17] = "float32",
  [0x18] = "float64",
  [0x19] = "date-time",
  [0x1A] = "date",
  [0x1B] = "time",
  [0x1C] = "delta-integer",
  [0x1D] = "delta-long",
  [0x1E] = "delta-double-long",
  [0x1F] = "delta-unsigned",
  [0x20] = "delta-long-unsigned",
  [0x21] = "delta-double-long-unsigned",
  [0xFF] = "dont-care",
}
local ACCESS_RESULTS = {
  [0x00] = "success",
  [0x01] = "hardware-fault",
  [0x02] = "temporary-failure",
  [0x03] = "read-write-denied",
  [0x04] = "object-undefined",
  [0x09] = "object-class-inconsistent",
  [0x0B] = "object-unavailable",
  [0x0C] = "type-unmatched",
  [0x0D] = "scope-of-access-violated",
  [0x0E] = "data-block-unavailable",
  [0x0F] = "long-get-aborted",
  [0x10] = "no-long-get-in-progress",
  [0x11] = "long-set-aborted",
  [0x12] = "no-long-set-in-progress",
  [0x13] = "data-block-number-invalid",
  [0xFA] = "other-reason",
}
local ACTION_RESULTS = {
  [0x00] = "success",
  [0x01] = "hardware-fault",
  [0x02] = "temporary-failure",
  [0x03] = "read-write-denied",
  [0x04] = "object-undefined",
  [0x09] = "object-class-inconsistent",
  [0x0B] = "object-unavailable",
  [0x0C] = "type-unmatched",
  [0x0D] = "scope-of-access-violated",
  [0x0E] = "data-block-unavailable",
  [0x0F] = "long-action-aborted",
  [0x10] = "no-long-action-in-progress",
  [0xFA] = "other-reason",
}
local MECHANISMS = {
  [0x00] = "lowest",
  [0x01] = "lls",
  [0x02] = "hls-manufacturer",
  [0x03] = "hls-md5",
  [0x04] = "hls-sha1",
  [0x05] = "hls-gmac",
  [0x06] = "hls-sha256",
  [0x07] = "hls-ecdsa",
}
local CONTEXTS = {
  [0x01] = "logical-name-referencing",
  [0x02] = "short-name-referencing",
  [0x03] = "logical-name-referencing-with-ciphering",
  [0x04] = "short-name-referencing-with-ciphering",
}
-- end of the tables

local PORT = 4059
local DEEPEST = 32
local MOST_ELEMENTS = 4096

-- Arithmetic of bits without a library: Lua 5.2 and 5.4 have different ones.
local function bits(value, first, count)
  return math.floor(value / 2 ^ first) % 2 ^ count
end

local function xor(a, b)
  local result, place = 0, 1
  while a > 0 or b > 0 do
    if a % 2 ~= b % 2 then
      result = result + place
    end
    a, b, place = math.floor(a / 2), math.floor(b / 2), place * 2
  end
  return result
end

local CRC = {}
for octet = 0, 255 do
  local value = octet
  for _ = 1, 8 do
    value = value % 2 == 1 and xor(math.floor(value / 2), 0x8408) or math.floor(value / 2)
  end
  CRC[octet] = value
end

local function fcs(tvb)
  local value = 0xFFFF
  local octets = tvb:bytes()
  for at = 0, octets:len() - 1 do
    value = xor(math.floor(value / 256), CRC[xor(value % 256, octets:get_index(at))])
  end
  return xor(value, 0xFFFF)
end

-- --- fields ---------------------------------------------------------------------------------------------------------------

local dlms = Proto("dlmskit", "DLMS/COSEM APDU")
local wrapper = Proto("dlmskit_wrapper", "DLMS/COSEM wrapper (IEC 62056-4-7)")
local hdlc = Proto("dlmskit_hdlc", "DLMS/COSEM HDLC (IEC 62056-46)")

local f = {
  tag = ProtoField.uint8("dlmskit.tag", "Tag", base.HEX, APDUS),
  name = ProtoField.string("dlmskit.name", "APDU"),
  invoke_id = ProtoField.uint8("dlmskit.invoke_id", "Invoke-id", base.DEC, nil, 0x0F),
  confirmed = ProtoField.bool("dlmskit.confirmed", "Confirmed", 8, nil, 0x40),
  priority = ProtoField.bool("dlmskit.high_priority", "High priority", 8, nil, 0x80),
  long_invoke_id = ProtoField.uint32("dlmskit.long_invoke_id", "Long-invoke-id", base.DEC, nil, 0x00FFFFFF),
  long_confirmed = ProtoField.bool("dlmskit.long_confirmed", "Confirmed", 32, nil, 0x40000000),
  class_id = ProtoField.uint16("dlmskit.class_id", "Class"),
  obis = ProtoField.string("dlmskit.obis", "Logical name"),
  attribute = ProtoField.int8("dlmskit.attribute", "Attribute"),
  method = ProtoField.int8("dlmskit.method", "Method"),
  selector = ProtoField.uint8("dlmskit.access_selector", "Access selector"),
  access_result = ProtoField.uint8("dlmskit.data_access_result", "Data access result", base.DEC, ACCESS_RESULTS),
  action_result = ProtoField.uint8("dlmskit.action_result", "Action result", base.DEC, ACTION_RESULTS),
  block = ProtoField.uint32("dlmskit.block_number", "Block number"),
  last_block = ProtoField.bool("dlmskit.last_block", "Last block"),
  streaming = ProtoField.bool("dlmskit.streaming", "Streaming", 8, nil, 0x40),
  window = ProtoField.uint8("dlmskit.window", "Window", base.DEC, nil, 0x3F),
  acknowledged = ProtoField.uint16("dlmskit.block_number_ack", "Acknowledged block"),
  date_time = ProtoField.string("dlmskit.date_time", "Date-time"),
  control = ProtoField.uint8("dlmskit.security_control", "Security control", base.HEX),
  suite = ProtoField.uint8("dlmskit.security_suite", "Security suite", base.DEC, nil, 0x0F),
  authenticated = ProtoField.bool("dlmskit.authenticated", "Authenticated", 8, nil, 0x10),
  encrypted = ProtoField.bool("dlmskit.encrypted", "Encrypted", 8, nil, 0x20),
  broadcast = ProtoField.bool("dlmskit.broadcast_key", "Broadcast key", 8, nil, 0x40),
  compressed = ProtoField.bool("dlmskit.compressed", "Compressed", 8, nil, 0x80),
  counter = ProtoField.uint32("dlmskit.invocation_counter", "Invocation counter"),
  title = ProtoField.bytes("dlmskit.system_title", "System title"),
  recipient = ProtoField.bytes("dlmskit.recipient_system_title", "Recipient system title"),
  transaction = ProtoField.bytes("dlmskit.transaction_id", "Transaction id"),
  ciphertext = ProtoField.bytes("dlmskit.ciphered_content", "Ciphered content"),
  signature = ProtoField.bytes("dlmskit.signature", "Signature"),
  context = ProtoField.uint8("dlmskit.application_context", "Application context", base.DEC, CONTEXTS),
  mechanism = ProtoField.uint8("dlmskit.mechanism", "Authentication mechanism", base.DEC, MECHANISMS),
  authentication = ProtoField.uint32("dlmskit.authentication_octets", "Octets of the authentication value"),
  result = ProtoField.uint8("dlmskit.association_result", "Association result"),
  diagnostic = ProtoField.uint8("dlmskit.diagnostic", "Diagnostic"),
  version = ProtoField.uint8("dlmskit.dlms_version", "DLMS version"),
  conformance = ProtoField.bytes("dlmskit.conformance", "Conformance"),
  pdu_size = ProtoField.uint16("dlmskit.max_pdu_size", "Largest APDU received"),
  type = ProtoField.uint8("dlmskit.data.type", "Type", base.HEX, DATA_TYPES),
  data = ProtoField.string("dlmskit.data", "Data"),
  octets = ProtoField.bytes("dlmskit.octets", "Octets"),
  w_version = ProtoField.uint16("dlmskit_wrapper.version", "Version"),
  w_source = ProtoField.uint16("dlmskit_wrapper.source", "Source wPort"),
  w_destination = ProtoField.uint16("dlmskit_wrapper.destination", "Destination wPort"),
  w_length = ProtoField.uint16("dlmskit_wrapper.length", "Length"),
  h_length = ProtoField.uint16("dlmskit_hdlc.length", "Length", base.DEC, nil, 0x07FF),
  h_segmented = ProtoField.bool("dlmskit_hdlc.segmented", "Segmented", 16, nil, 0x0800),
  h_destination = ProtoField.string("dlmskit_hdlc.destination", "Destination address"),
  h_source = ProtoField.string("dlmskit_hdlc.source", "Source address"),
  h_control = ProtoField.uint8("dlmskit_hdlc.control", "Control", base.HEX),
  h_kind = ProtoField.string("dlmskit_hdlc.frame", "Frame"),
  h_fcs = ProtoField.uint16("dlmskit_hdlc.fcs", "Frame check sequence", base.HEX),
  h_fcs_ok = ProtoField.bool("dlmskit_hdlc.fcs_ok", "Frame check sequence fits"),
  h_information = ProtoField.bytes("dlmskit_hdlc.information", "Information"),
}
local malformed = ProtoExpert.new("dlmskit.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local fcs_wrong = ProtoExpert.new("dlmskit_hdlc.fcs_wrong", "Frame check sequence does not fit", expert.group.CHECKSUM, expert.severity.ERROR)

local of_dlms, of_wrapper, of_hdlc = {}, {}, {}
for name, field in pairs(f) do
  local list = name:sub(1, 2) == "w_" and of_wrapper or name:sub(1, 2) == "h_" and of_hdlc or of_dlms
  list[#list + 1] = field
end
dlms.fields, wrapper.fields, hdlc.fields = of_dlms, of_wrapper, of_hdlc
dlms.experts, hdlc.experts = { malformed }, { fcs_wrong }

-- --- reading --------------------------------------------------------------------------------------------------------------

-- A reader is { tvb = , at = }. Every access past the end raises an error, which `guarded` turns into an expert item.
local function take(r, count)
  local range = r.tvb:range(r.at, count)
  r.at = r.at + count
  return range
end

local function left(r)
  return r.tvb:len() - r.at
end

local function length(r)
  local first = take(r, 1):uint()
  if first < 0x80 then
    return first
  end
  local count = first - 0x80
  if count < 1 or count > 4 then
    error("a length of " .. count .. " octets")
  end
  return take(r, count):uint()
end

local function obis_text(range)
  local parts = {}
  for at = 0, 5 do
    parts[#parts + 1] = range:range(at, 1):uint()
  end
  return table.concat(parts, ".")
end

local function time_text(range)
  local year, month, day = range:range(0, 2):uint(), range:range(2, 1):uint(), range:range(3, 1):uint()
  local hour, minute, second = range:range(5, 1):uint(), range:range(6, 1):uint(), range:range(7, 1):uint()
  return string.format("%04d-%02d-%02d %02d:%02d:%02d", year, month, day, hour, minute, second)
end

local function add_time(tree, r)
  local count = length(r)
  if count == 12 then
    local range = take(r, 12)
    tree:add(f.date_time, range, time_text(range))
  elseif count > 0 then
    tree:add(f.octets, take(r, count))
  end
end

-- --- COSEM data -----------------------------------------------------------------------------------------------------------

local SIZES = { [5] = 4, [6] = 4, [13] = 1, [15] = 1, [16] = 2, [17] = 1, [18] = 2, [20] = 8, [21] = 8, [22] = 1, [23] = 4, [24] = 8, [25] = 12, [26] = 5, [27] = 4, [28] = 1, [29] = 2, [30] = 4, [31] = 1, [32] = 2, [33] = 4, [3] = 1 }
local SIGNED = { [5] = true, [15] = true, [16] = true, [28] = true, [29] = true, [30] = true }

local function simple_text(tag, range)
  if tag == 20 then
    return tostring(range:int64())
  elseif tag == 21 then
    return tostring(range:uint64())
  elseif tag == 23 or tag == 24 then
    return tostring(range:float())
  elseif tag == 25 then
    return time_text(range)
  elseif tag == 26 or tag == 27 then
    return tostring(range:bytes())
  elseif SIGNED[tag] then
    return tostring(range:int())
  end
  return tostring(range:uint())
end

local data

local function elements(tree, r, tag, start, budget, depth)
  local count = length(r)
  if depth >= DEEPEST or budget.left < count then
    error("data is too deep, or has too many elements")
  end
  budget.left = budget.left - count
  local branch = tree:add(f.data, r.tvb:range(start, r.at - start), DATA_TYPES[tag] .. " of " .. count)
  for _ = 1, count do
    data(branch, r, budget, depth + 1)
  end
  return ""
end

function data(tree, r, budget, depth)
  local start = r.at
  local tag = take(r, 1):uint()
  local name = DATA_TYPES[tag]
  if name == nil then
    error(string.format("data type %02X is not known", tag))
  end
  if tag == 1 or tag == 2 then
    return elements(tree, r, tag, start, budget, depth)
  end
  local text = ""
  if SIZES[tag] then
    text = simple_text(tag, take(r, SIZES[tag]))
  elseif tag == 9 or tag == 10 or tag == 12 then
    local count = length(r)
    local range = count > 0 and take(r, count) or nil
    if count == 6 and tag == 9 then
      text = obis_text(range)
    elseif count == 12 and tag == 9 then
      text = time_text(range)
    elseif range ~= nil then
      text = tag == 9 and tostring(range:bytes()) or range:string()
    end
  elseif tag == 4 then
    local count = length(r)
    text = count > 0 and tostring(take(r, math.ceil(count / 8)):bytes()) or ""
  elseif tag == 19 then -- compact-array: its description is left to dlmskit decode
    text = left(r) .. " octets"
    take(r, left(r))
  end
  local item = tree:add(f.data, r.tvb:range(start, r.at - start), name .. (text ~= "" and " " .. text or ""))
  item:add(f.type, r.tvb:range(start, 1))
  return text
end

local function add_data(tree, r)
  return data(tree, r, { left = MOST_ELEMENTS }, 0)
end

-- --- services -------------------------------------------------------------------------------------------------------------

local apdu

local function invoke_id(tree, r)
  local range = take(r, 1)
  tree:add(f.invoke_id, range)
  tree:add(f.confirmed, range)
  tree:add(f.priority, range)
end

local function long_invoke_id(tree, r)
  local range = take(r, 4)
  tree:add(f.long_invoke_id, range)
  tree:add(f.long_confirmed, range)
end

local function descriptor(tree, r, last)
  local class_id = take(r, 2)
  tree:add(f.class_id, class_id)
  local name = take(r, 6)
  tree:add(f.obis, name, obis_text(name))
  local number = take(r, 1)
  tree:add(last, number)
  return string.format("%s class %d:%d", obis_text(name), class_id:uint(), number:int())
end

local function selection(tree, r)
  if take(r, 1):uint() ~= 0 then
    tree:add(f.selector, take(r, 1))
    add_data(tree, r)
  end
end

local function rest(tree, r)
  if left(r) > 0 then
    tree:add(f.octets, take(r, left(r)))
  end
end

local function data_or_result(tree, r)
  if take(r, 1):uint() == 0 then
    return add_data(tree, r)
  end
  local range = take(r, 1)
  tree:add(f.access_result, range)
  return ACCESS_RESULTS[range:uint()] or ""
end

local function list(tree, r, each)
  local count = length(r)
  for _ = 1, math.min(count, MOST_ELEMENTS) do
    each(tree, r)
  end
  return count .. " items"
end

local function attribute_with_selection(tree, r)
  descriptor(tree, r, f.attribute)
  selection(tree, r)
end

local function datablock(tree, r)
  local last = take(r, 1)
  tree:add(f.last_block, last)
  local number = take(r, 4)
  tree:add(f.block, number)
  rest(tree, r)
  return "block " .. number:uint()
end

local SERVICES = {
  ["get-request-normal"] = function(tree, r)
    local what = descriptor(tree, r, f.attribute)
    selection(tree, r)
    return what
  end,
  ["get-request-next"] = function(tree, r)
    local number = take(r, 4)
    tree:add(f.block, number)
    return "block " .. number:uint()
  end,
  ["get-request-with-list"] = function(tree, r)
    return list(tree, r, attribute_with_selection)
  end,
  ["get-response-normal"] = data_or_result,
  ["get-response-with-datablock"] = datablock,
  ["get-response-with-list"] = function(tree, r)
    return list(tree, r, data_or_result)
  end,
  ["set-request-normal"] = function(tree, r)
    local what = descriptor(tree, r, f.attribute)
    selection(tree, r)
    add_data(tree, r)
    return what
  end,
  ["set-response-normal"] = function(tree, r)
    local range = take(r, 1)
    tree:add(f.access_result, range)
    return ACCESS_RESULTS[range:uint()] or ""
  end,
  ["action-request-normal"] = function(tree, r)
    local what = descriptor(tree, r, f.method)
    if take(r, 1):uint() ~= 0 then
      add_data(tree, r)
    end
    return what
  end,
  ["action-response-normal"] = function(tree, r)
    local range = take(r, 1)
    tree:add(f.action_result, range)
    if take(r, 1):uint() ~= 0 then
      data_or_result(tree, r)
    end
    return ACTION_RESULTS[range:uint()] or ""
  end,
}

-- --- protection -----------------------------------------------------------------------------------------------------------

local function security_header(tree, r)
  local control = take(r, 1)
  local branch = tree:add(f.control, control)
  for _, field in ipairs({ f.suite, f.authenticated, f.encrypted, f.broadcast, f.compressed }) do
    branch:add(field, control)
  end
  local counter = take(r, 4)
  tree:add(f.counter, counter)
  return control:uint(), "IC " .. counter:uint()
end

local function ciphered(tree, r, pinfo)
  local control, what = security_header(tree, r)
  if bits(control, 5, 1) == 0 and bits(control, 7, 1) == 0 and left(r) > 12 then -- authenticated alone: the text is in clear
    what = what .. " " .. apdu(r.tvb:range(r.at, left(r) - 12):tvb(), pinfo, tree)
    r.at = r.tvb:len() - 12
  end
  if left(r) > 0 then
    tree:add(f.ciphertext, take(r, left(r)))
  end
  return what
end

local function optional_octets(tree, r, field)
  local count = length(r)
  if count > 0 then
    local range = take(r, count)
    tree:add(field, range)
    return tostring(range:bytes())
  end
  return ""
end

local function general_header(tree, r)
  optional_octets(tree, r, f.transaction)
  local title = optional_octets(tree, r, f.title)
  optional_octets(tree, r, f.recipient)
  add_time(tree, r)
  optional_octets(tree, r, f.octets)
  return title
end

local function key_info(tree, r)
  if take(r, 1):uint() == 0 then
    return
  end
  local choice = take(r, 1):uint()
  if choice == 0 then
    take(r, 1)
  elseif choice == 1 then
    take(r, 1)
    optional_octets(tree, r, f.octets)
  else
    optional_octets(tree, r, f.octets)
    optional_octets(tree, r, f.octets)
  end
end

-- --- ACSE -----------------------------------------------------------------------------------------------------------------

local function last_octet(range)
  return range:range(range:len() - 1, 1)
end

-- The content of an explicitly tagged element: its inner tag and length are passed over.
local function inside(range)
  if range:len() < 2 then
    return range
  end
  local r = { tvb = range:tvb(), at = 1 }
  local count = length(r)
  return count > 0 and range:range(r.at, count) or range
end

local function acse(tree, r, pinfo, tag)
  local stop = length(r) + r.at
  local what = {}
  while r.at < stop do
    local element = take(r, 1):uint()
    local count = length(r)
    local range = count > 0 and take(r, count) or nil
    if range == nil then
      -- nothing in it
    elseif element == 0xA1 then
      tree:add(f.context, last_octet(range))
      what[#what + 1] = CONTEXTS[last_octet(range):uint()]
    elseif (element == 0xA6 and tag == 0x60) or (element == 0xA4 and tag == 0x61) then
      tree:add(f.title, inside(range))
    elseif element == 0x8B or element == 0x89 then
      tree:add(f.mechanism, last_octet(range))
      what[#what + 1] = MECHANISMS[last_octet(range):uint()]
    elseif element == 0xAC or element == 0xAA then
      tree:add(f.authentication, range, inside(range):len())
    elseif element == 0xA2 and tag == 0x61 then
      tree:add(f.result, last_octet(range))
      what[#what + 1] = "result " .. last_octet(range):uint()
    elseif element == 0xA3 and tag == 0x61 then
      tree:add(f.diagnostic, last_octet(range))
    elseif element == 0xBE then
      what[#what + 1] = apdu(inside(range):tvb(), pinfo, tree)
    else
      tree:add(f.octets, range)
    end
  end
  return table.concat(what, ", ")
end

local function initiate(tree, r, tag)
  if tag == 0x01 then
    if take(r, 1):uint() ~= 0 then -- a dedicated key: never shown
      take(r, length(r))
    end
    if take(r, 1):uint() ~= 0 then
      take(r, 1)
    end
  end
  if take(r, 1):uint() ~= 0 then
    take(r, 1)
  end
  tree:add(f.version, take(r, 1))
  if take(r, 2):uint() == 0x5F1F then
    take(r, length(r) - 3)
    tree:add(f.conformance, take(r, 3))
    tree:add(f.pdu_size, take(r, 2))
  end
  return ""
end

-- --- one APDU -------------------------------------------------------------------------------------------------------------

local function general_block(tree, r, pinfo)
  local control = take(r, 1)
  tree:add(f.last_block, control, bits(control:uint(), 7, 1) == 1)
  tree:add(f.streaming, control)
  tree:add(f.window, control)
  local number = take(r, 2)
  tree:add(f.block, number)
  tree:add(f.acknowledged, take(r, 2))
  local count = length(r)
  if count > 0 then
    tree:add(f.octets, take(r, count))
  end
  return "block " .. number:uint()
end

local function body(tree, r, pinfo, tag, name)
  if tag >= 0x60 and tag <= 0x63 then
    return acse(tree, r, pinfo, tag)
  elseif tag == 0x01 or tag == 0x08 then
    return initiate(tree, r, tag)
  elseif CIPHERED[tag] then
    length(r)
    return ciphered(tree, r, pinfo)
  elseif tag == 0xDB or tag == 0xDC then
    local title = optional_octets(tree, r, f.title)
    length(r)
    return title .. " " .. ciphered(tree, r, pinfo)
  elseif tag == 0xDD then
    local title = general_header(tree, r)
    key_info(tree, r)
    length(r)
    return title .. " " .. ciphered(tree, r, pinfo)
  elseif tag == 0xDF then
    local title = general_header(tree, r)
    local count = length(r)
    local what = apdu(take(r, count):tvb(), pinfo, tree)
    optional_octets(tree, r, f.signature)
    return title .. " " .. what
  elseif tag == 0xE0 then
    return general_block(tree, r, pinfo)
  elseif tag == 0xE6 or tag == 0xE7 then
    take(r, 1)
    optional_octets(tree, r, f.octets)
    return apdu(take(r, left(r)):tvb(), pinfo, tree)
  elseif tag == 0x0F or tag == 0x10 then
    long_invoke_id(tree, r)
    add_time(tree, r)
    return tag == 0x0F and add_data(tree, r) or ""
  elseif CHOICES[tag] and tag ~= 0xD8 then
    take(r, 1)
    invoke_id(tree, r)
    local service = SERVICES[name]
    return service and service(tree, r) or ""
  end
  return ""
end

local nesting = 0

function apdu(tvb, pinfo, tree)
  local tag = tvb:range(0, 1):uint()
  local name = APDUS[tag]
  if CHOICES[tag] and tvb:len() > 1 then
    name = CHOICES[tag][tvb:range(1, 1):uint()] or name
  end
  local branch = tree:add(dlms, tvb:range(), name and "DLMS/COSEM " .. name or "DLMS/COSEM: unknown APDU")
  branch:add(f.tag, tvb:range(0, 1))
  if name == nil then
    return string.format("unknown tag %02X", tag)
  end
  branch:add(f.name, tvb:range(0, 1), name)
  local r = { tvb = tvb, at = 1 }
  nesting = nesting + 1
  local sound, what = pcall(function()
    if nesting > 6 then
      error("APDUs are too deep inside one another")
    end
    local said = body(branch, r, pinfo, tag, name)
    rest(branch, r)
    return said
  end)
  nesting = nesting - 1
  if not sound then
    branch:add_proto_expert_info(malformed, "Malformed: " .. tostring(what):gsub("^.*:%d+: ", ""))
    return name .. " (malformed)"
  end
  return what ~= "" and name .. " " .. what or name
end

function dlms.dissector(tvb, pinfo, tree)
  if tvb:len() == 0 then
    return
  end
  pinfo.cols.protocol = "DLMS"
  pinfo.cols.info:append(" " .. apdu(tvb, pinfo, tree))
end

-- --- wrapper --------------------------------------------------------------------------------------------------------------

local function one_wrapped(tvb, pinfo, tree)
  local size = 8 + tvb:range(6, 2):uint()
  local branch = tree:add(wrapper, tvb:range(0, math.min(size, tvb:len())))
  branch:add(f.w_version, tvb:range(0, 2))
  branch:add(f.w_source, tvb:range(2, 2))
  branch:add(f.w_destination, tvb:range(4, 2))
  branch:add(f.w_length, tvb:range(6, 2))
  pinfo.cols.info:append(string.format(" %d > %d", tvb:range(2, 2):uint(), tvb:range(4, 2):uint()))
  if size > 8 then
    dlms.dissector(tvb:range(8, math.min(size, tvb:len()) - 8):tvb(), pinfo, tree)
  end
  return size
end

local function is_wrapped(tvb)
  return tvb:len() >= 2 and tvb:range(0, 2):uint() == 1
end

-- --- HDLC -----------------------------------------------------------------------------------------------------------------

local function address(r)
  local start, value = r.at, {}
  repeat
    local octet = take(r, 1):uint()
    value[#value + 1] = math.floor(octet / 2)
  until octet % 2 == 1 or #value == 4
  local text = value[1]
  if #value == 2 then
    text = value[1] .. "/" .. value[2]
  elseif #value == 4 then
    text = (value[1] * 128 + value[2]) .. "/" .. (value[3] * 128 + value[4])
  end
  return r.tvb:range(start, r.at - start), tostring(text)
end

local UNNUMBERED = { [0x83] = "SNRM", [0x43] = "DISC", [0x63] = "UA", [0x0F] = "DM", [0x87] = "FRMR", [0x03] = "UI" }

local function kind(control)
  if control % 2 == 0 then
    return "I"
  elseif control % 4 == 1 then
    return control % 16 == 1 and "RR" or control % 16 == 5 and "RNR" or control % 16 == 9 and "REJ" or "S"
  end
  return UNNUMBERED[control - bits(control, 4, 1) * 16] or "U"
end

-- One frame between its flags; returns how many octets it takes with them, or 0 when more are needed.
local function one_frame(tvb, pinfo, tree)
  if tvb:len() < 4 then
    return 0
  end
  local format = tvb:range(1, 2):uint()
  local size = format % 2048
  if math.floor(format / 4096) ~= 0xA or size < 7 then
    return -1
  end
  if tvb:len() < size + 2 then
    return 0
  end
  local frame = tvb:range(1, size):tvb()
  local branch = tree:add(hdlc, tvb:range(0, size + 2))
  branch:add(f.h_length, frame:range(0, 2))
  branch:add(f.h_segmented, frame:range(0, 2))
  local r = { tvb = frame, at = 2 }
  local destination, to = address(r)
  branch:add(f.h_destination, destination, to)
  local source, from = address(r)
  branch:add(f.h_source, source, from)
  local control = take(r, 1)
  branch:add(f.h_control, control)
  local name = kind(control:uint())
  branch:add(f.h_kind, control, name)
  local check = frame:range(size - 2, 2)
  local fits = fcs(frame:range(0, size - 2)) == check:le_uint()
  branch:add_le(f.h_fcs, check)
  local item = branch:add(f.h_fcs_ok, check, fits)
  if not fits then
    item:add_proto_expert_info(fcs_wrong)
  end
  pinfo.cols.info:append(string.format(" %s > %s %s", from, to, name))
  if size > r.at + 4 then
    local information = frame:range(r.at + 2, size - r.at - 4)
    branch:add(f.h_information, information)
    local first = information:len() > 3 and information:range(0, 3):uint() or 0
    if (name == "I" or name == "UI") and (first == 0xE6E600 or first == 0xE6E700) and bits(format, 11, 1) == 0 then
      dlms.dissector(information:range(3):tvb(), pinfo, tree)
    end
  end
  return size + 2
end

function hdlc.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = "DLMS HDLC"
  pinfo.cols.info = ""
  local at = 0
  while at < tvb:len() do
    if tvb:range(at, 1):uint() ~= 0x7E or (at + 1 < tvb:len() and tvb:range(at + 1, 1):uint() == 0x7E) then
      at = at + 1
    else
      local size = one_frame(tvb:range(at):tvb(), pinfo, tree)
      if size == 0 then
        if pinfo.can_desegment > 0 and tvb:len() - at > 1 then
          pinfo.desegment_offset = at
          pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
        end
        return tvb:len()
      end
      -- The closing flag may be the opening one of the next frame.
      at = at + (size < 0 and 1 or size - 1)
    end
  end
  return tvb:len()
end

-- --- where it is looked for -----------------------------------------------------------------------------------------------

function wrapper.dissector(tvb, pinfo, tree)
  if tvb:len() > 0 and tvb:range(0, 1):uint() == 0x7E then
    return hdlc.dissector(tvb, pinfo, tree)
  end
  if tvb:len() >= 2 and not is_wrapped(tvb) then
    return 0
  end
  pinfo.cols.protocol = "DLMS"
  pinfo.cols.info = ""
  if pinfo.port_type == 3 then -- UDP
    if tvb:len() >= 8 then
      one_wrapped(tvb, pinfo, tree)
    end
    return tvb:len()
  end
  dissect_tcp_pdus(tvb, tree, 8, function(part, _, offset)
    return 8 + part:range(offset + 6, 2):uint()
  end, function(part, info, branch)
    return one_wrapped(part, info, branch)
  end)
  return tvb:len()
end

DissectorTable.get("tcp.port"):add(PORT, wrapper)
DissectorTable.get("udp.port"):add(PORT, wrapper)
for number = 0, 15 do
  DissectorTable.get("wtap_encap"):add(wtap["USER" .. number], hdlc)
end
