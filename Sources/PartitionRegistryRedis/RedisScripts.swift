// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The scripts that change or check a table's map. Redis runs a script as one step: no client sees half of it.
///
/// `KEYS` are the hash and the sorted set. A header is compared field by field, each with `=` before it or, where the
/// field is missing, as `-`.
enum RedisScripts {
    /// The header's fields, in the order in which they are compared.
    static let headerFields = [
        "version", "checksum", "size", "chunks", "systemIdentifier", "database", "timeline", "lsn",
    ]

    /// `ARGV`: the expected header (8); channel; seconds to live or 0; number of fields, then name and value of each;
    /// number of members, then JSON, score and partition name of each.
    ///
    /// What can be refused comes before the first write, and the writes that can fail for lack of memory before those
    /// that remove: a script that stops half-way isn't rolled back. The sorted set is changed one member at a time,
    /// since Lua's `unpack` fails at some thousands.
    static let publish =
        prologue(commands: [
            "'HSET', KEYS[1], 'a', 'b'", "'HDEL', KEYS[1], 'a'", "'ZADD', KEYS[2], '1', 'a'", "'ZREM', KEYS[2], 'a'",
        ]) + """
            local channel, ttl = ARGV[9], tonumber(ARGV[10])
            local position = 11
            local fields, known = tonumber(ARGV[position]), {}
            local firstField = position + 1
            for i = 0, fields - 1 do known[ARGV[firstField + 2 * i]] = true end
            position = firstField + 2 * fields
            local members, wanted = tonumber(ARGV[position]), {}
            local firstMember = position + 1
            for i = 0, members - 1 do wanted[ARGV[firstMember + 3 * i]] = true end

            local old, present = redis.call('ZRANGE', KEYS[2], 0, -1), {}
            for _, member in ipairs(old) do present[member] = true end

            local announced = false
            for i = 0, members - 1 do
              if not present[ARGV[firstMember + 3 * i]] then
                redis.call('PUBLISH', channel, ARGV[firstMember + 3 * i + 2])
                announced = true
              end
            end
            if not announced then redis.call('PUBLISH', channel, '') end

            for i = 0, fields - 1 do
              redis.call('HSET', KEYS[1], ARGV[firstField + 2 * i], ARGV[firstField + 2 * i + 1])
            end
            for i = 0, members - 1 do
              redis.call('ZADD', KEYS[2], ARGV[firstMember + 3 * i + 1], ARGV[firstMember + 3 * i])
            end
            for _, member in ipairs(old) do
              if not wanted[member] then redis.call('ZREM', KEYS[2], member) end
            end
            redis.call('HSET', KEYS[1], 'members', digest())
            known['members'] = true
            for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
              if not known[field] then redis.call('HDEL', KEYS[1], field) end
            end
            for _, key in ipairs(KEYS) do
              if ttl > 0 then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
            end
            return {1}
            """

    /// `ARGV`: the expected header (8); channel.
    static let remove =
        prologue(commands: ["'DEL', KEYS[1], KEYS[2]"]) + """
            redis.call('PUBLISH', ARGV[9], '')
            redis.call('DEL', KEYS[1], KEYS[2])
            return {1}
            """

    /// The hash's fields and values, and the sorted set's digest.
    static let inspect =
        digest + """
            return {redis.call('HGETALL', KEYS[1]), digest()}
            """

    /// `ARGV`: the version that the replicas have confirmed.
    static let confirm = """
        if redis.call('HGET', KEYS[1], 'version') == ARGV[1] then
          redis.call('HSET', KEYS[1], 'confirmed', ARGV[1])
        end
        return {1}
        """

    private static let digest = """
        local function digest()
          return redis.sha1hex(table.concat(redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'), '\\n'))
        end

        """

    /// - Parameter commands: Each the words of a command in Lua, like the ones that the script will call.
    ///
    /// Refuses keys of another application and missing privileges, and answers `{0}` and the header that is there when
    /// it isn't the expected one.
    private static func prologue(commands: [String]) -> String {
        let list = commands.map { "{\($0)}" }.joined(separator: ", ")
        let fields = headerFields.map { "'\($0)'" }.joined(separator: ", ")
        return digest + """
            local expectedTypes = {'hash', 'zset'}
            for i, key in ipairs(KEYS) do
              local kind = redis.call('TYPE', key)
              kind = kind.ok or kind
              if kind ~= 'none' and kind ~= expectedTypes[i] then
                return redis.error_reply('FOREIGN a key of another type')
              end
            end
            local header = redis.call('HMGET', KEYS[1], \(fields))
            for i = 1, 8 do
              local found = header[i] and ('=' .. header[i]) or '-'
              if found ~= ARGV[i] then return {0, header} end
            end
            if redis.acl_check_cmd then
              for _, command in ipairs({{'PUBLISH', ARGV[9], ''}, \(list)}) do
                if not redis.acl_check_cmd(unpack(command)) then
                  return redis.error_reply('NOPERM ' .. command[1])
                end
              end
            end

            """
    }
}
