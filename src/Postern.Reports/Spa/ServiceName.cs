namespace Postern.Reports.Spa;

/// <summary>1 to 32 of a-z, 0-9, '-' and '_', a letter or a digit first.</summary>
public static class ServiceName
{
    public static bool IsValid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Span<byte> bytes = stackalloc byte[RequestLayout.MaxServiceName];
        if (name.Length > bytes.Length)
            return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (!char.IsAscii(name[i]))
                return false;
            bytes[i] = (byte)name[i];
        }

        return IsValid(bytes[..name.Length]);
    }

    public static bool IsValid(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > RequestLayout.MaxServiceName || name[0] is (byte)'-' or (byte)'_')
            return false;
        foreach (var c in name)
        {
            if (c is not ((>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_'))
                return false;
        }

        return true;
    }
}
