using System.Text;
using Postern.Keys.Ssh;

namespace Postern.Warden.Tests;

/// <summary>Two keys that ssh-keygen made for these tests and for nothing else.</summary>
internal static class TestKeys
{
    public static SshPrivateKey Alice { get; } = Read("""
        -----BEGIN OPENSSH PRIVATE KEY-----
        b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
        QyNTUxOQAAACBaQETGgXwZJcaYYdphJMeNsPcVL2RJSIFMLZvLx42Z5wAAAJBkvNeEZLzX
        hAAAAAtzc2gtZWQyNTUxOQAAACBaQETGgXwZJcaYYdphJMeNsPcVL2RJSIFMLZvLx42Z5w
        AAAECSfnsQLEB7hZm9HY+Uv6+ge2vAvzY51NI6F/d2JfvEqVpARMaBfBklxphh2mEkx42w
        9xUvZElIgUwtm8vHjZnnAAAACmFsaWNlQHRlc3QBAgM=
        -----END OPENSSH PRIVATE KEY-----

        """);

    public static SshPrivateKey Bob { get; } = Read("""
        -----BEGIN OPENSSH PRIVATE KEY-----
        b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
        QyNTUxOQAAACAoioEXo9T0ADy1xvg+aFF65CxsHhwDIjTHUFWXsH4yVgAAAJBbX20PW19t
        DwAAAAtzc2gtZWQyNTUxOQAAACAoioEXo9T0ADy1xvg+aFF65CxsHhwDIjTHUFWXsH4yVg
        AAAEDb3KRdaiYKYYM4D1NzQezRAaLDYmmWCnUXu0sgFdlA5SiKgRej1PQAPLXG+D5oUXrk
        LGweHAMiNMdQVZewfjJWAAAACGJvYkB0ZXN0AQIDBAU=
        -----END OPENSSH PRIVATE KEY-----

        """);

    private static SshPrivateKey Read(string file) => SshPrivateKey.Read(Encoding.ASCII.GetBytes(file), () => null);
}
