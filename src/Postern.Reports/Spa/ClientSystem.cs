namespace Postern.Reports.Spa;

/// <summary>What the client says that it runs on. It is signed, and it is still only what the client says.</summary>
public enum ClientSystem : byte
{
    Unsaid = 0,
    Linux = 1,
    MacOs = 2,
    Windows = 3,
    Android = 4,
    Ios = 5,
    FreeBsd = 6,
    OpenBsd = 7,
    NetBsd = 8,
}
