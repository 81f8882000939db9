using System;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dhanman.Sample
{
    /// <summary>Starts Kestrel on the addresses given by <c>--urls</c>.</summary>
    public static class Program
    {
        // The unit kills after 35 s; the default of 5 s would cut long requests off.
        private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);

        public static void Main(string[] args)
        {
            Host.CreateDefaultBuilder(args)
                .ConfigureWebHostDefaults(web => web
                    .UseStartup<Startup>())
                .ConfigureServices(services =>
                    services.Configure<HostOptions>(options => options.ShutdownTimeout = DrainLimit))
                .Build()
                .Run();
        }
    }
}
