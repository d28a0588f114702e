using System.Runtime.InteropServices;

namespace Postern.Confinement.Native;

/// <summary>Numbers of the system calls that we make ourselves. Calls from 424 on have one number everywhere.</summary>
internal static class Numbers
{
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static int SetGroups => IsArm ? 159 : 116;

    public static int SetUsers => IsArm ? 147 : 117;

    public static int SetGroup => IsArm ? 149 : 119;

    public static int SetCapabilities => IsArm ? 91 : 126;

    public static int SecureComputing => IsArm ? 277 : 317;

    public static int SetScheduling => IsArm ? 274 : 314;

    public static int GetScheduling => IsArm ? 275 : 315;

    public const int SendSignalByPidFd = 424;
    public const int OpenPidFd = 434;
    public const int LandlockCreateRuleset = 444;
    public const int LandlockAddRule = 445;
    public const int LandlockRestrictSelf = 446;
}
